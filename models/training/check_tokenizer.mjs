// Compares the tokenizer that training used (Python `tokenizers`) with the one the runtime uses (`@huggingface/tokenizers`), text by text.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer } from '@huggingface/tokenizers';

const here = dirname(fileURLToPath(import.meta.url));
const read = (name) => JSON.parse(readFileSync(join(here, '../vitrine-sketch', name), 'utf8'));
const script = `
import json, sys
from tokenizers import Tokenizer
from words import corpus
odd = ["", "  ", "na\\u00efve \\u6771\\u4eac \\U0001F6AC\\U0001F469\\u200D\\U0001F680", "it's a DOG's\\tlife\\n x", "1234 50% off!!!", "\\u00c0\\u00c9 \\u00f1 \\u017f \\u0130", "\\u0007bell", "\\u0645\\u0631\\u062d\\u0628\\u0627", "<|endoftext|> x", "a-b_c/d", "\\uff11\\uff12 \\u2167 \\u00bd"]
tokenizer = Tokenizer.from_file("../vitrine-sketch/tokenizer.json")
print(json.dumps([[t, tokenizer.encode(t).ids] for t in sorted(set(corpus())) + odd]))
`;
const rows = JSON.parse(execFileSync('python3', ['-c', script], { cwd: here, maxBuffer: 1 << 28 }).toString());
const tokenizer = new Tokenizer(read('tokenizer.json'), read('tokenizer_config.json'));
const different = rows.filter(([text, ids]) => JSON.stringify(tokenizer.encode(text).ids) !== JSON.stringify(ids));
process.stdout.write(`${rows.length} texts, ${different.length} tokenised differently\n`);
for (const [text] of different.slice(0, 10)) process.stdout.write(`  ${JSON.stringify(text)}\n`);
process.exitCode = different.length === 0 ? 0 : 1;
