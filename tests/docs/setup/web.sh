# The cluster of the README, on its first release and running.
systemd-sysusers clusterctl-exporter.conf
install -D -m 644 cmd/dist/examples/web.cluster /etc/clusterctl/web.cluster
systemctl daemon-reload
clusterctl deploy web ./v1
clusterctl apply web
