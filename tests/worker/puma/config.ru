require "socket"

# A Rack application for clusterctl's tests. Its responses say "Connection: close":
# at the end Puma closes idle connections at once, with the requests that are on
# their way. Put a proxy in front that keeps those of the clients.
run lambda { |_env|
  headers = {"Content-Type" => "text/plain", "Connection" => "close", "X-Worker" => ENV["WORKER_INSTANCE"].to_s}
  [200, headers, ["worker #{ENV["WORKER_INSTANCE"]}, process #{Process.pid}\n"]]
}

# The application is loaded, and the socket listens already. Debian has no gem for
# this, and needs none.
if (path = ENV["NOTIFY_SOCKET"])
  Addrinfo.unix(path.sub(/\A@/, "\0"), :DGRAM).connect { |s| s.write "READY=1" }
end
