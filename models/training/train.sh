#!/bin/sh
# Makes models/vitrine-sketch from nothing: install, render, train (resumes from work/checkpoint.pt), export, measure.
# Needs Debian 12 (apt-get fetches fonts and clip art, nothing is installed), Node and the repository's own `npm ci`; Python 3.11 with torch, onnx, onnxruntime, tokenizers, numpy and pillow (requirements.txt).
# Usage: models/training/train.sh [options of train.py, for example --pictures 360000 --threads 2]
set -eu
cd "$(dirname "$0")"
npm ci
(cd ../.. && npm run --silent build)
node render_sprites.mjs
if [ ! -d work/debian ]; then
  mkdir -p work/packages
  (cd work/packages && apt-get download fonts-symbola=2.60-1.1 fonts-unifont=1:15.0.01-2 fonts-dejavu-core=2.37-6 fonts-freefont-ttf=20120503-10 openclipart-svg=1:0.18+dfsg-19)
  for package in work/packages/*.deb; do dpkg-deb -x "$package" work/debian.new; done
  mv work/debian.new work/debian
fi
node render_clipart.mjs
python3 colour_lines.py
python3 train.py "$@"
python3 settle_text.py
python3 export.py work/final.pt
python3 evaluate.py
python3 export.py work/final.pt --metrics work/metrics.json
node check_tokenizer.mjs
