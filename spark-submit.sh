#!/usr/bin/env bash
# Runs jobs of this lake with spark-submit, on any master: see ./spark-submit.sh --help
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

python="${SLUICE_PYTHON:-}"
if [ -z "$python" ]; then
  for candidate in "$here/.venv/${SLUICE_LANE:-3.5}/bin/python" "$here/.venv/4.1/bin/python"; do
    if [ -x "$candidate" ]; then
      python="$candidate"
      break
    fi
  done
fi

# -P leaves the working folder out of sys.path: the lake's own folders must not hide modules
PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}" exec "${python:-python3}" -P -m framework.runtimes.submit "$@"
