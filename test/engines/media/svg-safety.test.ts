import { checkSvg } from '../../../src/engines/media/svg-safety.js';

const svg = (inside: string, attributes = 'viewBox="0 0 40 20"') =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${attributes}>${inside}</svg>`);
const check = (bytes: Buffer) => checkSvg(bytes, 'logo.svg');
const codeOf = (bytes: Buffer): string => {
  try {
    check(bytes);
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('checkSvg', () => {
  it.each([
    ['a script', '<script>alert(1)</script>'],
    ['a script under a prefix', '<x:script xmlns:x="http://www.w3.org/2000/svg">1</x:script>'],
    ['an event handler', '<rect onclick="alert(1)"/>'],
    ['an outside link', '<a href="https://example.com/"><rect/></a>'],
    ['a script link', '<a xlink:href="javascript:alert(1)"><rect/></a>'],
    ['a script link in character references', '<a xlink:href="&#106;avascript:alert(1)"><rect/></a>'],
    ['an outside image', '<image href="http://example.com/a.png"/>'],
    ['a local file', '<image xlink:href="file:///etc/passwd"/>'],
    ['an SVG inside a data URI', '<image href="data:image/svg+xml;base64,PHN2Zy8+"/>'],
    ['an outside use', '<use href="other.svg#a"/>'],
    ['url() in an attribute', '<rect fill="url(https://example.com/#a)"/>'],
    ['url() in style', '<rect style="fill: url(\'https://example.com/#a\')"/>'],
    ['escaped url() in style', '<style>rect { fill: u\\72l(https://example.com/a) }</style>'],
    ['@import', '<style>@import "https://example.com/a.css";</style>'],
    ['@import in CDATA', '<style><![CDATA[@imp/**/ort "a.css"; @import url(a.css);]]></style>'],
    ['foreign content', '<foreignObject><p xmlns="http://www.w3.org/1999/xhtml">hi</p></foreignObject>'],
    ['an animated link', '<set attributeName="xlink:href" to="javascript:alert(1)"/>'],
  ])('refuses %s', (_, inside) => {
    expect(codeOf(svg(inside))).toBe('MEDIA_UNSUPPORTED');
  });

  it('refuses entities, style sheets and other encodings', () => {
    const body = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>';
    expect(codeOf(Buffer.from(`<!DOCTYPE svg [<!ENTITY a "b">]>${body}`))).toBe('MEDIA_UNSUPPORTED');
    expect(codeOf(Buffer.from(`<!DOCTYPE svg SYSTEM "http://example.com/a.dtd">${body}`))).toBe('MEDIA_UNSUPPORTED');
    expect(codeOf(Buffer.from(`<?xml-stylesheet href="a.css"?>${body}`))).toBe('MEDIA_UNSUPPORTED');
    expect(codeOf(Buffer.from(`<?xml version="1.0" encoding="utf-7"?>${body}`))).toBe('MEDIA_UNSUPPORTED');
    expect(codeOf(Buffer.from(body, 'utf16le'))).not.toBe('accepted');
  });

  it('refuses nested uses that expand to millions of elements, quickly', () => {
    let bomb = '<defs><g id="a0"><rect width="1" height="1"/></g>';
    for (let i = 1; i <= 20; i++) bomb += `<g id="a${i}"><use href="#a${i - 1}"/><use href="#a${i - 1}"/><use href="#a${i - 1}"/></g>`;
    const start = performance.now();
    expect(codeOf(svg(`${bomb}</defs><use href="#a20"/>`))).toBe('MEDIA_UNSUPPORTED');
    expect(performance.now() - start).toBeLessThan(500);
    expect(codeOf(svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'))).toBe('MEDIA_UNSUPPORTED');
  });

  it('refuses what is not well-formed as corrupt', () => {
    expect(codeOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><g>'))).toBe('MEDIA_CORRUPT');
    expect(codeOf(svg('<g></rect>'))).toBe('MEDIA_CORRUPT');
    expect(codeOf(svg('<rect x=1/>'))).toBe('MEDIA_CORRUPT');
    expect(codeOf(svg('', 'viewBox="0 0 0 10"'))).toBe('MEDIA_CORRUPT');
    expect(codeOf(svg('', ''))).toBe('MEDIA_CORRUPT');
  });

  it('accepts ordinary drawings', () => {
    expect(
      codeOf(
        svg(
          `<title>Tom &amp; co</title><style>.a { fill: url(#g) } /* url(x) */</style><defs><linearGradient id="g"><stop offset="0" stop-color="#f00"/></linearGradient></defs>
          <g id="top" transform="translate(1 1)"><a href="#top"><rect class='a' width="4" height="4"/></a><use xlink:href="#p"/></g><path id="p" d="M0 0h1v1z" fill="url('#g')"/>
          <text>1 &lt; 2</text><image href="data:image/png;base64,iVBORw0KGgo="/>`,
        ),
      ),
    ).toBe('accepted');
    const old = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">';
    expect(codeOf(Buffer.concat([Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${old}`), svg('<rect/>')]))).toBe('accepted');
  });

  it.each([
    ['viewBox="0 0 40 20"', 40, 20],
    ['width="100" height="50" viewBox="0 0 1 1"', 100, 50],
    ['width="1in" height="72pt"', 96, 96],
    ['width="100%" height="100%" viewBox="0 0 30 10"', 30, 10],
    ['width="60" viewBox="0 0 30 10"', 60, 20],
  ])('takes its size from %s', (attributes, width, height) => {
    expect(check(svg('', attributes))).toMatchObject({ width, height });
  });

  it('sets the root element to the wanted size and leaves the rest', () => {
    const sized = check(svg('<rect width="3"/>', 'width="10mm" height="5mm"')).sized(200, 100).toString();
    expect(sized).toContain('width="200" height="100"');
    expect(sized).toMatch(/viewBox="0 0 37\.79\d* 18\.89\d*"/);
    expect(sized).toContain('<rect width="3"/></svg>');
    expect(sized).not.toContain('10mm');
  });
});
