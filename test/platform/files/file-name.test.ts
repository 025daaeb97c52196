import {
  FileNames,
  keyOf,
  readFileName,
  readFilePath,
  shortenFileName,
  splitFileName,
  titleOf,
} from '../../../src/platform/files/file-name.js';

const NFD = (text: string) => text.normalize('NFD');

describe('readFileName', () => {
  it.each<[string, string | Buffer, string]>([
    ['the last part of a path', 'pictures/2026/a.png', 'a.png'],
    ['NFC of what a Mac writes', NFD('Zoë.png'), 'Zoë.png'],
    ['no control characters', 'bell\u0007\0\u0085.png', 'bell.png'],
    ['no characters that turn a name round', 'photo\u202egnp.exe', 'photognp.exe'],
    ['joiners, which emoji need', '👨‍👩‍👧.png', '👨‍👩‍👧.png'],
    ['no halves of characters', 'a\ud83d.png', 'a_.png'],
    ['no sign for lost characters', 'Gr\ufffde.png', 'Gr_e.png'],
    ['UTF-8 bytes', Buffer.from('Grüße.png'), 'Grüße.png'],
    ['Latin-1 bytes', Buffer.from('café.png', 'latin1'), 'café.png'],
    ['something of nothing', '\u0001', 'file'],
    ['something of a folder', '..', 'file'],
  ])('keeps %s', (_, given, expected) => {
    expect(readFileName(given)).toBe(expected);
  });

  it('cuts between what readers take for characters, and before the ending', () => {
    for (const character of ['😀', 'e\u0323\u0302', '👨‍👩‍👧', 'é', '각']) {
      const name = readFileName(`${character.repeat(300)}.png`);
      expect(name.length).toBeLessThanOrEqual(255);
      expect(name.length).toBeGreaterThan(255 - character.length - 1);
      expect(name).toMatch(/\.png$/);
      const stem = name.slice(0, -4);
      expect(stem).toBe(character.normalize('NFC').repeat(stem.length / character.normalize('NFC').length));
    }
    expect(readFileName(`a${'\u0301'.repeat(400)}.png`).length).toBeLessThanOrEqual(255);
    expect(Buffer.byteLength(shortenFileName(`${'東'.repeat(200)}.jpeg`, (text) => Buffer.byteLength(text) <= 230))).toBe(230);
  });
});

describe('titleOf', () => {
  it.each([
    ['Logo v2.1 final', 'Logo v2.1 final'],
    ['Logo v2.1 final.png', 'Logo v2.1 final'],
    ['IMG_0042.JPG', 'IMG_0042'],
    ['notes.2026-01-05', 'notes.2026-01-05'],
    ['Dr. Strange', 'Dr. Strange'],
    ['photo.png.webp', 'photo.png'],
    ['.png', '.png'],
    ['drawing.svg', 'drawing'],
    [' .png', ' .png'],
  ])('of %j is %j', (name, title) => {
    expect(titleOf(name)).toBe(title);
    expect(splitFileName(name).stem + splitFileName(name).ending).toBe(name);
  });
});

describe('FileNames', () => {
  it('finds a name as it is written, else in another form, else in other capitals', () => {
    const names = new FileNames([
      [NFD('Fotos/café.png'), 1],
      ['A.png', 2],
      ['a.png', 3],
      ['One.PNG', 4],
    ] as const);
    const found = (name: string) => names.find(name);
    expect(found('Fotos/café.png')).toEqual({ value: 1 });
    expect(found('.\\Fotos\\café.png')).toEqual({ value: 1 });
    expect(found('fotos/CAFÉ.png')).toEqual({ value: 1 });
    expect(found('a.png')).toEqual({ value: 3 });
    expect(found('./A.png')).toEqual({ value: 2 });
    expect(found('one.png')).toEqual({ value: 4 });
    expect(found('two.png')).toBeNull();
  });

  it('does not choose between several', () => {
    const names = new FileNames([
      [NFD('é.png'), 1],
      ['é.png\u200b', 2],
      ['A.png', 3],
      ['a.png', 4],
    ] as const);
    expect(names.find('é.png')).toEqual({ several: true });
    expect(names.find('A.PNG')).toEqual({ several: true });
  });

  it('compares paths, however they are written', () => {
    expect(keyOf('.\\a\\\\b//c.png')).toBe('a/b/c.png');
    expect(readFilePath(NFD('Zoë/\u0007a.png '))).toBe('Zoë/a.png');
  });
});
