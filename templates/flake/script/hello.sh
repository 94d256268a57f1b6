#!/bin/sh
# What the container runs.
set -eu

echo "hello from $(hostname)"
