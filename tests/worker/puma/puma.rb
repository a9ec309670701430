# Puma as one worker of a cluster: each line is there for a reason.

rackup File.join(__dir__, "config.ru")
threads 8, 8

# The sockets that systemd passes, and no other. Without them Puma would bind an
# address of its own, and a rollout must stop at such a worker.
abort "no socket from systemd" unless ENV["LISTEN_FDNAMES"]
clear_binds!
bind_to_activated_sockets "only"

# At the end Puma closes connections that have sent no request yet. So each goes
# to a thread at once, which waits for its request, and what is in the listener's
# queue is served before the end.
queue_requests false
drain_on_shutdown
