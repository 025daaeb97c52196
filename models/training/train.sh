#!/bin/sh
# Makes models/vitrine-sketch from nothing: install, render, train (resumes from work/checkpoint.pt), export, measure.
# Needs Debian or Ubuntu (apt-get fetches one font, nothing is installed), Node and the repository's own `npm ci`; Python 3.11 with torch, onnx, onnxruntime, tokenizers, numpy and pillow (requirements.txt).
# Usage: models/training/train.sh [options of train.py, for example --pictures 360000 --threads 2]
set -eu
cd "$(dirname "$0")"
npm ci
(cd ../.. && npm run --silent build)
node render_sprites.mjs
mkdir -p work
[ -d work/symbola ] || (cd work && apt-get download fonts-symbola=2.60-1.1 && dpkg-deb -x fonts-symbola_2.60-1.1_all.deb symbola)
python3 colour_lines.py
python3 train.py "$@"
python3 settle_text.py
python3 export.py work/final.pt
python3 evaluate.py
python3 export.py work/final.pt --metrics work/metrics.json
node check_tokenizer.mjs
