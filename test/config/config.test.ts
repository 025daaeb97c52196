import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readConfig, VARIABLE_NAMES } from '../../src/config.js';
import { VitrineError } from '../../src/errors.js';

const example = readFileSync('.env.example', 'utf8');

describe('.env.example', () => {
  it('names every variable that the configuration reads, once, and no other', () => {
    const names = [...example.matchAll(/^#?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1]);
    expect(names.sort()).toEqual([...VARIABLE_NAMES].sort());
  });

  it('shows values that the configuration accepts', () => {
    const values = Object.fromEntries([...example.matchAll(/^#?([A-Z][A-Z0-9_]+)=(.*)$/gm)].map((match) => [match[1] as string, match[2]]));
    expect(readConfig(values).media.maxPixels).toBe(100_000_000);
  });
});

describe('the configuration', () => {
  it('needs nothing, and is closed to other machines', () => {
    const config = readConfig({});
    expect(config.host).toBe('127.0.0.1');
    expect(config.database.url).toBeUndefined();
    expect(config.importRoots).toEqual([]);
    expect(config.storage).toEqual({ kind: 'local', folder: path.resolve('data') });
  });

  it('takes an empty variable as not set', () => {
    expect(readConfig({ DATABASE_URL: '', VITRINE_PORT: '' }).port).toBe(4000);
  });

  it('reads proxies in either case, and keeps models with the data', () => {
    const { model } = readConfig({ https_proxy: 'http://proxy:3128', VITRINE_DATA: 'library', VITRINE_MODEL_SOURCE: 'http://mirror/hub/' });
    expect(model.source).toEqual({ url: 'http://mirror/hub', lowestRate: 2_000, httpsProxy: 'http://proxy:3128' });
    expect(model.ownFolder).toBe(path.resolve('library/models'));
    expect(model.choice).toBeUndefined();
  });

  it('takes origins of front ends one by one, exactly, and none by itself', () => {
    expect(readConfig({}).webOrigins).toEqual([]);
    const value = 'https://dam.example.com, http://localhost:5173,';
    expect(readConfig({ VITRINE_WEB_ORIGINS: value }).webOrigins).toEqual(['https://dam.example.com', 'http://localhost:5173']);
    for (const wrong of [
      '*',
      'https://*.example.com/',
      'https://dam.example.com/',
      'dam.example.com',
      'null',
      'file:///x',
      'https://DAM.example.com',
    ])
      expect(() => readConfig({ VITRINE_WEB_ORIGINS: wrong })).toThrow(/VITRINE_WEB_ORIGINS.*is not an origin/s);
  });

  it.each([
    ['VITRINE_PORT', '70000'],
    ['VITRINE_PORT', 'four'],
    ['VITRINE_PROVIDER', 'gpu'],
    ['VITRINE_LOG_LEVEL', 'loud'],
    ['VITRINE_STORAGE', 'ftp'],
    ['VITRINE_MAX_PIXELS', '0'],
  ])('refuses %s=%s, naming variable and value', (name, value) => {
    const read = () => readConfig({ [name]: value });
    expect(read).toThrow(VitrineError);
    expect(read).toThrow(name);
    expect(read).toThrow(value);
  });

  it.each(VARIABLE_NAMES)('shows no secret that stands in %s', (name) => {
    const shapes = [
      ...[
        'mysql://u:M4RKER@h/x',
        'https://u:M4RKER@h:99999/',
        'https://u:M4RKER@h/',
        'https://h/?token=M4RKER',
        'M4RKER M4RKER',
        'M4RKER\nM4RKER',
      ],
      ...['postgresql://', 'postgres:M4RKER', 'http://[M4RKER', 'h/M4RKER/../:x, M4RKER:M4RKER:M4RKER', '-M4RKER,https://M4RKER@h'],
    ];
    const numbers = /PORT|POOL|TIMEOUT|THREADS|LOADED|DECODERS|ROWS|RATE|MAX_/;
    const words = /LEVEL|PROVIDER|PRECISION|STORAGE|FORCE_PATH|NETWORKS/;
    for (const value of shapes) {
      try {
        readConfig({ [name]: value });
      } catch (error) {
        expect(error).toBeInstanceOf(VitrineError);
        expect((error as Error).message).toContain(name);
        // Numbers and words of a list are shown: that is how a slip is seen.
        if (!numbers.test(name) && !words.test(name))
          expect(`${(error as Error).message} ${JSON.stringify(error)}`).not.toContain('M4RKER');
      }
    }
  });

  it('names every variable at fault at once', () => {
    expect(() => readConfig({ VITRINE_PORT: 'x', VITRINE_PROVIDER: 'y' })).toThrow(/VITRINE_PORT[\s\S]*VITRINE_PROVIDER/);
  });

  it('knows the buckets that imports may read, and mixes no address with another one’s key', () => {
    expect(readConfig({}).importBuckets.allowed).toEqual([]);
    const shared = readConfig({ VITRINE_IMPORT_BUCKETS: 'one, two/a/b', VITRINE_S3_ENDPOINT: 'http://here:1', VITRINE_S3_REGION: 'r' });
    expect(shared.importBuckets).toEqual({
      allowed: [
        { bucket: 'one', prefix: '' },
        { bucket: 'two', prefix: 'a/b/' },
      ],
      connection: { endpoint: 'http://here:1', region: 'r', forcePathStyle: false },
    });
    const storage = { VITRINE_S3_ENDPOINT: 'http://here:1', VITRINE_S3_ACCESS_KEY_ID: 'k', VITRINE_S3_SECRET_ACCESS_KEY: 's' };
    const own = readConfig({ VITRINE_IMPORT_BUCKETS: 'one', ...storage, VITRINE_IMPORT_S3_REGION: 'eu-central-1' });
    expect(own.importBuckets.connection).toEqual({ region: 'eu-central-1', forcePathStyle: false });
    expect(() => readConfig({ VITRINE_IMPORT_BUCKETS: 'one', VITRINE_IMPORT_S3_ACCESS_KEY_ID: 'k' })).toThrow(
      'VITRINE_IMPORT_S3_SECRET_ACCESS_KEY',
    );
    expect(() => readConfig({ VITRINE_IMPORT_BUCKETS: 's3://one' })).toThrow('VITRINE_IMPORT_BUCKETS');
  });

  it('wants S3 storage to be complete', () => {
    expect(() => readConfig({ VITRINE_STORAGE: 's3' })).toThrow('VITRINE_S3_BUCKET');
    expect(() => readConfig({ VITRINE_STORAGE: 's3', VITRINE_S3_BUCKET: 'b', VITRINE_S3_ACCESS_KEY_ID: 'k' })).toThrow(
      'VITRINE_S3_SECRET_ACCESS_KEY',
    );
    expect(readConfig({ VITRINE_STORAGE: 's3', VITRINE_S3_BUCKET: 'b' }).storage).toMatchObject({
      kind: 's3',
      bucket: 'b',
      region: 'us-east-1',
    });
  });
});
