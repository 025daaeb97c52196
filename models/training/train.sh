#!/bin/sh
# Makes models/vitrine-sketch from nothing: install, render, train (resumes from work/checkpoint.pt), export, measure.
# Needs Node and the repository's own `npm ci`; Python 3.11 with torch, onnx, onnxruntime, tokenizers, numpy and pillow (requirements.txt).
# Usage: models/training/train.sh [options of train.py, for example --pictures 360000 --threads 2]
set -eu
cd "$(dirname "$0")"
npm ci
(cd ../.. && npm run --silent build)
node render_sprites.mjs
python3 colour_lines.py
python3 train.py "$@"
python3 export.py work/final.pt
python3 evaluate.py
python3 export.py work/final.pt --metrics work/metrics.json
node check_tokenizer.mjs
