# Where "make install" puts things. DESTDIR, PREFIX and UNITDIR are the ones that
# matter; a distribution may set any. /usr is where the packages have it; what "make
# build" makes for another PREFIX has to be installed with the same.

PREFIX     ?= /usr
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec
DATADIR    ?= $(PREFIX)/share
MANDIR     ?= $(DATADIR)/man
DOCDIR     ?= $(DATADIR)/doc/clusterctl
LICENSEDIR ?= $(DATADIR)/licenses/clusterctl
BASHDIR    ?= $(DATADIR)/bash-completion/completions
ZSHDIR     ?= $(DATADIR)/zsh/site-functions
FISHDIR    ?= $(DATADIR)/fish/vendor_completions.d

# systemd says where its own directories are. It searches /usr/local/lib as well,
# so what is not the distribution's goes there.
systemd = $(or $(if $(filter /usr,$(PREFIX)),$(shell pkg-config --variable=$(1) systemd 2>/dev/null)),$(2))
UNITDIR          ?= $(call systemd,systemdsystemunitdir,$(PREFIX)/lib/systemd/system)
PRESETDIR        ?= $(call systemd,systemdsystempresetdir,$(PREFIX)/lib/systemd/system-preset)
GENERATORDIR     ?= $(call systemd,systemdsystemgeneratordir,$(PREFIX)/lib/systemd/system-generators)
USERGENERATORDIR ?= $(call systemd,systemdusergeneratordir,$(PREFIX)/lib/systemd/user-generators)
TMPFILESDIR      ?= $(call systemd,tmpfilesdir,$(PREFIX)/lib/tmpfiles.d)
SYSUSERSDIR      ?= $(call systemd,sysusersdir,$(PREFIX)/lib/sysusers.d)

PROGRAM := install -m 0755
FILE    := install -m 0644

# The program that writes the completions has to run here.
COMPLETER ?= bin/clusterctl

.PHONY: install
install: build ## install below $(DESTDIR)$(PREFIX)
	install -d $(foreach dir,$(BINDIR) $(GENERATORDIR) $(USERGENERATORDIR) $(TMPFILESDIR) $(BASHDIR) $(ZSHDIR) \
		$(FISHDIR) $(DOCDIR)/examples $(LICENSEDIR) /etc/clusterctl,'$(DESTDIR)$(dir)')
	$(PROGRAM) bin/clusterctl '$(DESTDIR)$(BINDIR)/'
	$(PROGRAM) bin/clusterctl-generator '$(DESTDIR)$(GENERATORDIR)/'
	ln -srf '$(DESTDIR)$(GENERATORDIR)/clusterctl-generator' '$(DESTDIR)$(USERGENERATORDIR)/'
	$(FILE) cmd/dist/tmpfiles.d/clusterctl.conf '$(DESTDIR)$(TMPFILESDIR)/'
	$(FILE) -D cmd/dist/sysusers.d/clusterctl-exporter.conf '$(DESTDIR)$(SYSUSERSDIR)/clusterctl-exporter.conf'
	$(COMPLETER) completion bash >'$(DESTDIR)$(BASHDIR)/clusterctl'
	$(COMPLETER) completion zsh >'$(DESTDIR)$(ZSHDIR)/_clusterctl'
	$(COMPLETER) completion fish >'$(DESTDIR)$(FISHDIR)/clusterctl.fish'
	for section in 1 5 7 8; do for page in cmd/dist/man/*.$$section; do [ ! -e "$$page" ] || \
		$(FILE) -D "$$page" "$(DESTDIR)$(MANDIR)/man$$section/$${page##*/}"; done; done
	for unit in cmd/dist/systemd/*.service cmd/dist/systemd/*.socket; do [ ! -e "$$unit" ] || \
		sed 's|/usr/libexec/|$(LIBEXECDIR)/|' "$$unit" | $(FILE) -D /dev/stdin "$(DESTDIR)$(UNITDIR)/$${unit##*/}"; done
	for preset in cmd/dist/systemd/*.preset; do [ ! -e "$$preset" ] || \
		$(FILE) -D "$$preset" "$(DESTDIR)$(PRESETDIR)/$${preset##*/}"; done
	[ ! -e bin/clusterctl-exporter ] || \
		$(PROGRAM) -D bin/clusterctl-exporter '$(DESTDIR)$(LIBEXECDIR)/clusterctl/clusterctl-exporter'
	for page in $(wildcard README.md SECURITY.md cmd/dist/doc/*.md); do \
		sed -E -f cmd/dist/pages.sed "$$page" | $(FILE) -D /dev/stdin "$(DESTDIR)$(DOCDIR)/$${page#cmd/dist/}"; done
	cp -r --no-preserve=mode $(wildcard cmd/dist/doc/*/) '$(DESTDIR)$(DOCDIR)/doc/'
	cp -r --no-preserve=mode $(wildcard cmd/dist/polkit cmd/dist/prometheus cmd/dist/grafana cmd/dist/examples/*) '$(DESTDIR)$(DOCDIR)/examples/'
	$(FILE) LICENSE bin/THIRD-PARTY '$(DESTDIR)$(LICENSEDIR)/'
