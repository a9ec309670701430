# What others get: the source tarball and the packages. Both have the same bytes
# wherever and whenever they are made of one version.

export SOURCE_DATE_EPOCH ?= $(word 2,$(shell cmd/dist/version))

TARBALL := clusterctl-$(VERSION)
REPRODUCIBLE := --sort=name --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner --mode=go-w,go+rX --format=gnu

.PHONY: dist
dist: ## make dist/clusterctl-VERSION.tar.gz: builds without git and network
	rm -rf dist/source
	mkdir -p dist/source/$(TARBALL)
	git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ ! -e "$$f" ] || printf "%s\0" "$$f"; done' sh | \
		tar --null --files-from=- -cf - | tar -xf - -C dist/source/$(TARBALL)
	$(GO) mod vendor -o dist/source/$(TARBALL)/vendor
	echo '$(VERSION) $(SOURCE_DATE_EPOCH)' >dist/source/$(TARBALL)/.tarball-version
	tar $(REPRODUCIBLE) -C dist/source -cf - $(TARBALL) | gzip -9n >dist/$(TARBALL).tar.gz
	rm -rf dist/source
	@echo dist/$(TARBALL).tar.gz

# nfpm has a go.mod of its own: clusterctl's module stays free of the 60 modules
# that nfpm needs, and go.sum pins every one of them.
bin/nfpm: cmd/dist/tools/go.mod cmd/dist/tools/go.sum
	env -u GOOS -u GOARCH GOFLAGS=-mod=mod CGO_ENABLED=0 $(GO) build -C cmd/dist/tools -trimpath -buildvcs=false -o '$(CURDIR)/$@' github.com/goreleaser/nfpm/v2/cmd/nfpm

# systemd's own paths on every distribution that has merged /usr.
PACKAGED = PREFIX=/usr UNITDIR=/usr/lib/systemd/system PRESETDIR=/usr/lib/systemd/system-preset \
	GENERATORDIR=/usr/lib/systemd/system-generators USERGENERATORDIR=/usr/lib/systemd/user-generators \
	TMPFILESDIR=/usr/lib/tmpfiles.d SYSUSERSDIR=/usr/lib/sysusers.d
STAGE = dist/stage

.PHONY: packages
packages: bin/nfpm ## make deb, rpm, apk and archlinux packages in dist, of nfpm.yaml
	rm -rf $(STAGE)
	umask 022; $(MAKE) install $(PACKAGED) DESTDIR=$(STAGE)/other
	umask 022; $(MAKE) install install-rpm $(PACKAGED) DESTDIR=$(STAGE)/rpm
	umask 022; $(MAKE) install install-debian $(PACKAGED) DESTDIR=$(STAGE)/deb \
		ZSHDIR=/usr/share/zsh/vendor-completions LICENSEDIR=/usr/share/doc/clusterctl
	cmd/dist/stage $(STAGE) $(SOURCE_DATE_EPOCH)
	for packager in deb rpm apk archlinux; do \
		case $$packager in deb|rpm) stage=$$packager;; *) stage=other;; esac; \
		STAGE=$(STAGE)/$$stage VERSION='$(VERSION)' GOARCH=$$($(GO) env GOARCH) \
			bin/nfpm package --config $(STAGE)/nfpm.yaml --packager $$packager --target dist/ || exit; \
	done
	rm -rf $(STAGE)

.PHONY: install-debian install-rpm
install-debian: # for those who package clusters on Debian
	sed 's/@VERSION@/$(VERSION)/' cmd/dist/debhelper/dh_clusterctl | $(PROGRAM) -D /dev/stdin '$(DESTDIR)$(BINDIR)/dh_clusterctl'
	$(FILE) -D cmd/dist/debhelper/clusterctl.pm '$(DESTDIR)$(DATADIR)/perl5/Debian/Debhelper/Sequence/clusterctl.pm'
	for part in postinst prerm postrm; do $(FILE) -D cmd/dist/debhelper/$$part-clusterctl \
		"$(DESTDIR)$(DATADIR)/debhelper/autoscripts/$$part-clusterctl"; done
	install -d '$(DESTDIR)$(MANDIR)/man1'
	pod2man --section=1 --center=clusterctl --release='clusterctl $(VERSION)' --date="$$(date -u -d @$(SOURCE_DATE_EPOCH) +%F)" \
		cmd/dist/debhelper/dh_clusterctl '$(DESTDIR)$(MANDIR)/man1/dh_clusterctl.1'

install-rpm: # and for those who do it with rpm
	$(FILE) -D cmd/dist/rpm/macros.clusterctl '$(DESTDIR)$(PREFIX)/lib/rpm/macros.d/macros.clusterctl'
