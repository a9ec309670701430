# Runs as PID 1 of the new namespaces: boot LOWER DIR TARGET DISK.
lower=$1 dir=$2 target=$3 disk=$4
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$dir"
mkdir "$dir/upper" "$dir/work" "$dir/root"
mount -t overlay -o "lowerdir=$lower,upperdir=$dir/upper,workdir=$dir/work" overlay "$dir/root"
[ -z "$disk" ] || cp -a "$disk/." "$dir/root/"
cd "$dir/root"
mkdir -p proc sys dev run tmp
mount -t proc proc proc
# Sysctls are the host's, but for the network's.
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
mount --rbind /sys sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs -o mode=755 tmpfs run
ip link set lo up

units=etc/systemd/system
rm -rf etc/fstab "$units" etc/systemd/journald.conf.d
mkdir -p "$units" etc/systemd/journald.conf.d
printf '%s\n' '[Unit]' 'Description=Sandbox' \
	'Requires=dbus.socket systemd-journald.service' \
	'After=dbus.socket systemd-journald.service' 'AllowIsolate=yes' >"$units/sandbox.target"
printf '%s\n' '[Journal]' 'Storage=volatile' 'RateLimitIntervalSec=0' 'RateLimitBurst=0' \
	'ReadKMsg=no' 'ForwardToConsole=no' 'ForwardToSyslog=no' 'ForwardToWall=no' \
	>etc/systemd/journald.conf.d/50-sandbox.conf
# What would touch the host's hardware and kernel, or only takes time.
for unit in systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
	systemd-udev-trigger.service systemd-modules-load.service systemd-sysctl.service \
	systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-remount-fs.service \
	systemd-random-seed.service systemd-pstore.service systemd-hwdb-update.service \
	systemd-firstboot.service systemd-timesyncd.service systemd-networkd.service \
	systemd-resolved.service systemd-logind.service ldconfig.service kmod-static-nodes.service \
	systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup-dev-early.service \
	systemd-journal-flush.service systemd-update-utmp.service dev-hugepages.mount dev-mqueue.mount \
	sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
	sys-fs-fuse-connections.mount getty.target console-getty.service; do
	ln -s /dev/null "$units/$unit"
done

pivot_root . .
umount -l .
cd /
export container=other
init=/usr/lib/systemd/systemd
[ -x "$init" ] || init=/lib/systemd/systemd
exec "$init" --system --unit="$target" --show-status=no --log-target=journal </dev/null
