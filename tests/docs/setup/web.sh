# The cluster of the README, on its first release and running.
systemd-sysusers clusterctl-exporter.conf
systemctl daemon-reload
install -D -m 644 cmd/dist/examples/web.cluster /etc/clusterctl/web.cluster
clusterctl generate web --install
clusterctl deploy web ./v1
systemctl start web web@{1..4}      # the workers too: it waits until they are ready
