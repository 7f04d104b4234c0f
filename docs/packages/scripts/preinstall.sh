#!/bin/sh
# The user of the servers, before files belong to its group.
set -e
getent group gorocket >/dev/null || groupadd --system gorocket
getent passwd gorocket >/dev/null || useradd --system --gid gorocket --home-dir /var/lib/gorocket --no-create-home \
  --shell /usr/sbin/nologin gorocket
