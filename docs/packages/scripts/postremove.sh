#!/bin/sh
# Messages, configuration and the user stay.
set -e
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || true
fi
