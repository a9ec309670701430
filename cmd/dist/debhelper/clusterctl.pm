# dh --with clusterctl, or Build-Depends: dh-sequence-clusterctl.
use strict;
use warnings;
use Debian::Debhelper::Dh_Lib;

insert_after('dh_install', 'dh_clusterctl');
1;
