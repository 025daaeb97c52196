import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { VARIABLE_NAMES } from '../../src/config.js';

interface Service {
  image?: string;
  build?: string;
  user?: string;
  command?: string[];
  restart?: string;
  read_only?: boolean;
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  environment?: Record<string, unknown>;
  healthcheck?: { test?: string[]; disable?: boolean };
  depends_on?: Record<string, { condition: string }>;
}

const text = readFileSync('docker-compose.yml', 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service>; volumes: object; networks: object };
const services = Object.entries(compose.services);
const dockerfile = readFileSync('Dockerfile', 'utf8');

/** Names assigned in an example file, commented out or not. */
function namesIn(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/^#?([A-Z][A-Z0-9_]*)=(.*)$/gm)].map((match) => match[1]!);
}

/** Services that others wait for to end: they do one thing and need no health check. */
const oneShot = new Set(
  services.flatMap(([, service]) =>
    Object.entries(service.depends_on ?? {}).flatMap(([name, { condition }]) =>
      condition === 'service_completed_successfully' ? [name] : [],
    ),
  ),
);

describe('docker-compose.yml', () => {
  it('has the database, the API, a worker and storage with its bucket', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['api', 'bucket', 'postgres', 'storage', 'worker']);
    expect(oneShot).toEqual(new Set(['bucket']));
    expect(compose.services.api?.command).toEqual(['node', 'dist/main.js', 'serve', '--no-worker']);
    expect(compose.services.worker?.command).toEqual(['node', 'dist/main.js', 'worker']);
    expect(compose.services.api?.image).toBe(compose.services.worker?.image);
  });

  it.each(services)('%s waits only for services there are, and for a health check where it waits for health', (_name, service) => {
    for (const [name, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(Object.keys(compose.services)).toContain(name);
      expect(condition).toBe(oneShot.has(name) ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  it.each(services)(
    '%s has a health check or ends by itself, comes back after a crash, and cannot write outside its volumes',
    (name, service) => {
      if (oneShot.has(name)) expect(service.restart).toMatch(/^on-failure:\d+$/);
      else {
        expect(service.healthcheck?.test?.length).toBeGreaterThan(1);
        expect(service.healthcheck?.disable).toBeUndefined();
        expect(service.restart).toBe('unless-stopped');
      }
      expect(service.read_only).toBe(true);
    },
  );

  it.each(services)('%s uses volumes and networks there are, and files of this repository', (_name, service) => {
    for (const network of service.networks ?? []) expect(Object.keys(compose.networks)).toContain(network);
    expect(service.networks).toContain('inside');
    for (const volume of service.volumes ?? []) {
      const source = volume.split(':')[0]!;
      if (source.startsWith('./')) expect(existsSync(source)).toBe(true);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
  });

  it.each(services)('%s publishes ports on 127.0.0.1 only', (name, service) => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    if (name !== 'api') expect(service.ports).toBeUndefined();
  });

  it('pins every image by a tag that does not move', () => {
    const pulled = services.flatMap(([, service]) => (service.build ? [] : [service.image!]));
    const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1]!);
    expect(pulled.length + bases.length).toBeGreaterThanOrEqual(5);
    for (const image of [...pulled, ...bases]) expect(image).toMatch(/:(?!latest)[^:/]*\d{4}-\d\d-\d\d|:[^:/]*\d+\.\d+\.\d+/);
  });

  it('documents every variable it takes, gives no secret a default, and has none written into it', () => {
    const used = [...text.matchAll(/(?<!\$)\$\{([A-Z0-9_]+)(:?[-?+])?/g)].map((match) => ({ name: match[1]!, operator: match[2] }));
    const example = namesIn('docker/compose.env.example');
    expect(used.length).toBeGreaterThan(5);
    for (const { name, operator } of used) {
      expect(example).toContain(name);
      if (/PASSWORD|KEY/.test(name)) expect(operator).toBe(':?');
    }
    expect(new Set(example)).toEqual(new Set(used.map((variable) => variable.name)));
    for (const [, value] of readFileSync('docker/compose.env.example', 'utf8').matchAll(/^[A-Z0-9_]+(?:PASSWORD|KEY\w*)=(.*)$/gm))
      expect(value).toBe('');
    for (const [, service] of services) {
      for (const [name, value] of Object.entries(service.environment ?? {})) {
        if (/PASSWORD|KEY|ROOT_USER/.test(name)) expect(String(value)).toMatch(/^\$\{[A-Z0-9_]+:\?[^}]+\}$/);
      }
    }
  });

  it('gives the API and the worker only variables that Vitrine reads, the same to both', () => {
    const { api, worker } = compose.services;
    expect(api?.environment).toEqual(worker?.environment);
    for (const name of Object.keys(api!.environment!)) expect(VARIABLE_NAMES).toContain(name);
    for (const name of ['DATABASE_URL', 'VITRINE_DATA', 'VITRINE_STORAGE', 'VITRINE_S3_BUCKET'])
      expect(api?.environment).toHaveProperty(name);
  });
});

describe('Dockerfile', () => {
  it('runs as an ordinary user, with every file it copies let through .dockerignore', () => {
    expect(
      dockerfile
        .trimEnd()
        .split('\n')
        .filter((line) => line.startsWith('USER ')),
    ).toEqual(['USER node']);
    const allowed = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]!.split(' '));
    expect(copied.length).toBeGreaterThan(7);
    for (const source of copied) {
      expect(existsSync(source)).toBe(true);
      expect(allowed.some((path) => source === path || source.startsWith(`${path}/`))).toBe(true);
    }
  });
});
