import { readFile } from 'node:fs/promises';
import { guidelineFileSchema } from '../../../src/judging/guidelines/guideline-document.js';
import { readGuidelineText, writeGuidelineText } from '../../../src/judging/guidelines/guideline-reader.js';
import { RULE_KINDS } from '../../../src/judging/rules/registry.js';
import { allErrors, type VitrineError } from '../../../src/errors.js';

function faultsOf(text: string): readonly VitrineError[] {
  try {
    readGuidelineText(text);
  } catch (error) {
    return allErrors(error as VitrineError);
  }
  return [];
}

const WRONG = `format: vitrine-guidelines/1
brands:
  - key: acme
    name: Acme
    palette:
      - { name: Red, hex: "#c02" }
      - { name: Rouge, hex: "#cc0022" }
      - { name: Loud, hex: "#12345" }
    guidelines:
      - name: Web
        sections:
          - title: Files
        rules:
          - { key: size, title: Size, kind: BYTE_SIZE, severity: MINOR, parameters: { maxBites: 5, minBytes: 0 } }
          - { key: size, title: Again, kind: ALT_TEXT, severity: LOUD, section: 1 }
          - { key: none, title: None, kind: NO_SUCH, severity: INFO }
          - { key: res, title: Resolution, kind: MIN_RESOLUTION, severity: INFO }
          - { key: tags, title: Tags, kind: ALT_TEXT, severity: INFO, scopeTags: ["a,\\u0007b"] }
          - key: cased
            title: Cased
            kind: ALT_TEXT
            severity: INFO
            testCases:
              - asset: {}
                expected: MAYBE
colour: red
`;

describe('readGuidelineText', () => {
  it('tells all faults at once, each with path, value, what is allowed, and line', () => {
    const at = (place: string) => `document.brands[0].guidelines[0].rules${place}`;
    const faults = faultsOf(WRONG);
    expect(faults.map(({ code, field, message }) => [code, field, Number(/line (\d+)\)$/.exec(message)?.[1])])).toEqual(
      expect.arrayContaining([
        ['BAD_USER_INPUT', 'document.brands[0].palette[2].hex', 8],
        ['BAD_USER_INPUT', 'document.brands[0].palette[1].hex', 7],
        ['BAD_USER_INPUT', at('[0].parameters.maxBites'), 14],
        ['BAD_USER_INPUT', at('[0].parameters.minBytes'), 14],
        ['BAD_USER_INPUT', at('[1].key'), 15],
        ['BAD_USER_INPUT', at('[1].severity'), 15],
        ['BAD_USER_INPUT', at('[1].section'), 15],
        ['BAD_USER_INPUT', at('[2].kind'), 16],
        ['BAD_USER_INPUT', at('[3].parameters.minWidthPx'), 17],
        ['BAD_USER_INPUT', at('[4].scopeTags[0]'), 18],
        ['BAD_USER_INPUT', at('[5].testCases[0].asset.externalId'), 24],
        ['BAD_USER_INPUT', at('[5].testCases[0].expected'), 25],
        ['BAD_USER_INPUT', 'document.colour', 26],
      ]),
    );
    const about = (field: string) => faults.find((fault) => fault.field === field)!;
    expect(about(at('[0].parameters.maxBites'))).toMatchObject({ value: 5, allowed: ['minBytes', 'maxBytes'] });
    expect(about(at('[2].kind')).message).toContain(RULE_KINDS[0]);
    expect(about(at('[2].kind')).value).toBe('NO_SUCH');
    expect(about(at('[1].severity')).message).toContain('"BLOCKER"|"MAJOR"|"MINOR"|"INFO"');
  });

  it('reads JSON as well, and what it writes, in both', () => {
    const text =
      '{"brands": [{"key": "a", "name": "A", "guidelines": [{"name": "G", "rules": [{"key": "r", "title": "R", "kind": "BYTE_SIZE", "severity": "INFO", "parameters": {"maxBytes": 5}}]}]}]}';
    const { document } = readGuidelineText(text);
    expect(document.brands[0]?.guidelines[0]?.rules[0]).toMatchObject({
      state: 'PUBLISHED',
      scopeTags: [],
      section: null,
      parameters: { maxBytes: 5 },
    });
    for (const format of ['YAML', 'JSON'] as const)
      expect(readGuidelineText(writeGuidelineText(document, format)).document).toEqual(document);
  });

  it.each([
    ['a tab for indentation', 'brands:\n\t- key: a\n', /line 2/],
    ['a key twice', 'brands: []\nbrands: []\n', /line 2.*already/],
    ['an unknown tag', 'brands: !!js/function "x"\n', /tag/i],
    ['an unclosed bracket', '{"brands": [', /line 1/],
    ['nothing', '', /expected object/],
    ['several documents', 'brands: []\n---\nbrands: []\n', /document/],
    ['very deep nesting', '['.repeat(200_000), /deep/],
    ['very much text', `# ${'x'.repeat(1_000_001)}`, /at most 1000000 characters/],
    ['another format', 'format: vitrine-guidelines/2\nbrands: []\n', /vitrine-guidelines\/1/],
    ['a NUL', '{"brands": [{"key": "a", "name": "A\\u0000"}]}', /NUL/],
    [
      'aliases that multiply',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, n) => `${name}: &${name} [${`*${'abcdefghi'[n]},`.repeat(9)}]`).join('\n')}\nbrands: *i\n`,
      /[aA]lias/,
    ],
  ])('refuses %s in words', (_, text, words) => {
    const faults = faultsOf(text);
    expect(faults.length).toBeGreaterThan(0);
    expect(faults[0]).toMatchObject({ code: 'BAD_USER_INPUT', field: expect.stringMatching(/^document/) });
    expect(faults.map(({ message }) => message).join('\n')).toMatch(words);
  });
});

it('docs/guideline.schema.json is the schema of the format (npm run schema writes it), with every kind of rule', async () => {
  const schema = guidelineFileSchema();
  expect(JSON.parse(await readFile('docs/guideline.schema.json', 'utf8'))).toEqual(schema);
  const text = JSON.stringify(schema);
  for (const kind of RULE_KINDS) expect(text).toContain(`"const":"${kind}"`);
});
