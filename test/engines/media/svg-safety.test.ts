import { checkSvg } from '../../../src/engines/media/svg-safety.js';
import { cpuMs } from '../../support/cpu-time.js';

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
    ['a script link', '<a xlink:href="javascript:alert(1)"><rect/></a>'],
    ['a script link in character references', '<a xlink:href="&#106;avascript:alert(1)"><rect/></a>'],
    ['a script link in disguise', '<a href=" java&#9;script:alert(1)"><rect/></a>'],
    ['a link to data', '<a href="data:text/html,hi"><rect/></a>'],
    ['a script link under a prefix of its own', '<a x:href="javascript:alert(1)" xmlns:x="http://www.w3.org/1999/xlink"><rect/></a>'],
    ['an image-set', `<rect style="fill: image-set('https://example.com/a.png' 1x)"/>`],
    ['a filter from outside', '<rect filter="url(https://example.com/f.svg#a)"/>'],
    ['HTML anywhere', '<g><h:img xmlns:h="http://www.w3.org/1999/xhtml" src="x" onerror="alert(1)"/></g>'],
    ['a value that becomes an outside one', '<rect><animate attributeName="fill" values="url(#a);url(https://example.com/#b)"/></rect>'],
    ['an animated handler', '<set attributeName="onclick" to="alert(1)"/>'],
    ['a style sheet instruction', '<?xml-stylesheet href="a.css"?>'],
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

  const body = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><text>&a;</text></svg>';
  const empty = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>';
  const grows = (count: number) => `<!DOCTYPE svg [<!ENTITY a "${'x'.repeat(1000)}">]>${body.replace('&a;', '&a;'.repeat(count))}`;

  it.each([
    ['an entity of markup', `<!DOCTYPE svg [<!ENTITY a "<script/>">]>${body}`, /entity \(a\) that holds markup/],
    ['an entity of hidden markup', `<!DOCTYPE svg [<!ENTITY a "&#60;script/>">]>${body}`, /markup/],
    ['an outside entity', `<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>${body}`, /something outside the file/],
    ['a parameter entity', `<!DOCTYPE svg [<!ENTITY % a "b"> %a;]>${body}`, /parameter entities/],
    ['attributes by default', `<!DOCTYPE svg [<!ATTLIST svg onload CDATA "alert(1)">]>${empty}`, /further attributes/],
    ['a long entity', `<!DOCTYPE svg [<!ENTITY a "${'x'.repeat(1001)}">]>${body}`, /more than 1000 characters/],
    ['entities that grow', `<!DOCTYPE svg [<!ENTITY a "${'x'.repeat(999)}"><!ENTITY b "&a;&a;">]>${body}`, /more than 1000 characters/],
    ['entities that are used without end', grows(1001), /millions of characters/],
    ['an unknown encoding', `<?xml version="1.0" encoding="utf-7"?>${empty}`, /encoding utf-7/],
  ])('refuses %s by its true reason', (_, text, reason) => {
    expect(() => check(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'MEDIA_UNSUPPORTED', message: expect.stringMatching(reason) }),
    );
  });

  it('expands entities of text, and does not mind any other DOCTYPE', () => {
    const doctypes = [
      '<!DOCTYPE svg>',
      '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">',
      '<!DOCTYPE svg SYSTEM "svg11.dtd" [ <!-- none --> <!ELEMENT svg ANY> ]>',
    ];
    for (const doctype of doctypes) expect(codeOf(Buffer.from(`${doctype}${empty}`))).toBe('accepted');
    const drawn = check(
      Buffer.from(`<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd" [
        <!ENTITY ns_svg "http://www.w3.org/2000/svg">
        <!ENTITY ns_ai "http://ns.adobe.com/AdobeIllustrator/10.0/">
        <!ENTITY shop 'Sch&#246;n "&ns_ai;"'>
      ]><svg xmlns="&ns_svg;" xmlns:i="&ns_ai;" width="1" height="1"><switch><foreignObject requiredExtensions="&ns_ai;" width="1" height="1">
        <i:pgfRef xlink:href="#adobe_illustrator_pgf" xmlns:xlink="http://www.w3.org/1999/xlink"/></foreignObject>
        <g i:extraneous="self"><text>&shop; &lt;</text></g></switch></svg>`),
    ).sized(1, 1);
    expect(drawn.toString()).toContain('xmlns="http://www.w3.org/2000/svg"');
    expect(drawn.toString()).toContain('<text>Schön &quot;http://ns.adobe.com/AdobeIllustrator/10.0/&quot; &lt;</text>');
    expect(drawn.toString()).not.toMatch(/DOCTYPE|ENTITY|&ns/);
  });

  it('judges an entity where it ends up', () => {
    const link =
      '<!DOCTYPE svg [<!ENTITY a "javascript:alert(1)">]><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><a href="&a;"/></svg>';
    expect(codeOf(Buffer.from(link))).toBe('MEDIA_UNSUPPORTED');
  });

  it('reads the encodings of XML', () => {
    const text = (encoding: string) =>
      `<?xml version="1.0" encoding="${encoding}"?><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><title>Grün</title></svg>`;
    for (const bytes of [
      Buffer.from(text('UTF-8')),
      Buffer.from(`\ufeff${text('UTF-16')}`, 'utf16le'),
      Buffer.from(text('UTF-16'), 'utf16le'),
      Buffer.from(`\ufeff${text('UTF-16')}`, 'utf16le').swap16(),
      Buffer.from(text('ISO-8859-1'), 'latin1'),
      Buffer.from(text('windows-1252'), 'latin1'),
    ])
      expect(check(bytes).sized(1, 1).toString()).toContain('<title>Grün</title>');
    const undeclared = check(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><title>Grün</title></svg>', 'latin1'));
    expect(undeclared.sized(1, 1).toString()).toContain('Grün');
    expect(undeclared.warnings).toEqual([expect.stringMatching(/Windows-1252/)]);
  });

  it.each([
    ['a layer’s name', '<g data-name="image(2)"><rect/></g>'],
    ['labels', '<g aria-label="see url(above)" id="image(1)" class="url(x)"><rect/></g>'],
    ['texts', '<title>url(https://example.com/) @import javascript:</title><text>onclick="x" url(a)</text>'],
    ['comments', '<!-- <script>url(https://example.com/)</script> <!DOCTYPE -->'],
    ['CDATA', '<desc><![CDATA[<script>alert(1)</script> url(http://a/)]]></desc>'],
    [
      'strings and comments of CSS',
      `<style>/* @import "a"; url(http://a/) */ .a::after { content: "url(http://a/)"; font-family: 'image(2)' }</style>`,
    ],
    ['a namespace of CSS', '<style>@namespace url(http://www.w3.org/2000/svg); rect { fill: red }</style>'],
    [
      'what programs keep for themselves',
      '<ink:effect xmlns:ink="urn:ink" only_selected="false" href="http://a/"><ink:script/></ink:effect>',
    ],
    ['licences', '<metadata><w:Work xmlns:w="urn:w" xmlns:rdf="urn:rdf" rdf:resource="http://a/" rdf:about="javascript:"/></metadata>'],
    [
      'links to the web, mail and telephones',
      '<a href="https://example.com/"><rect/></a><a xlink:href="mailto:a@b.c"/><a href="tel:+49"/><a href="shop.html"/>',
    ],
    ['an animated colour', '<rect><animate attributeName="fill" values="red;url(#g)"/></rect>'],
    ['fonts in the file', '<style>@font-face { src: url("data:font/woff2;base64,AAAA") format("woff2") }</style>'],
    ['an SVG without foreign content in it', '<foreignObject width="1" height="1"/>'],
  ])('does not mind %s', (_, inside) => {
    expect(codeOf(svg(inside))).toBe('accepted');
  });

  it('says what it does not draw, and that browsers show nothing without a namespace', () => {
    expect(() => check(svg('<image href="data:image/svg+xml;base64,AAAA"/>'))).toThrow(/of a type that is not drawn/);
    const plain = check(Buffer.from('<svg width="2" height="1"><rect/></svg>'));
    expect(plain.warnings).toEqual([expect.stringMatching(/namespace/)]);
    expect(plain.sized(2, 1).toString()).toContain('xmlns="http://www.w3.org/2000/svg"');
    expect(codeOf(Buffer.from('<svg xmlns="urn:other" width="2" height="1"/>'))).toBe('MEDIA_CORRUPT');
  });

  it('refuses nested uses that expand to millions of elements, quickly', () => {
    let bomb = '<defs><g id="a0"><rect width="1" height="1"/></g>';
    for (let i = 1; i <= 20; i++) bomb += `<g id="a${i}"><use href="#a${i - 1}"/><use href="#a${i - 1}"/><use href="#a${i - 1}"/></g>`;
    const start = cpuMs();
    expect(codeOf(svg(`${bomb}</defs><use href="#a20"/>`))).toBe('MEDIA_UNSUPPORTED');
    expect(cpuMs() - start).toBeLessThan(500);
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
    expect(sized).toMatch(/width="200" height="100"/);
    expect(sized).toMatch(/viewBox="0 0 37\.79\d* 18\.89\d*"/);
    expect(sized).toContain('<rect width="3"></rect></svg>');
    expect(sized).not.toContain('10mm');
  });
});
