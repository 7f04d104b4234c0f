#!/bin/sh
# Nothing is started: the servers are configured first. What runs is not restarted by an update either: brokers are
# updated one after the other.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
