#!/bin/sh
# $1 is 0 (rpm) or "remove" (deb) when the package goes, something else for an update.
set -e
case ${1:-} in
0 | remove)
  if [ -d /run/systemd/system ]; then
    systemctl disable --now gorocket-broker gorocket-namesrv gorocket-controller || true
  fi
  ;;
esac
