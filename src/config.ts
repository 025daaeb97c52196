import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { VitrineError } from './errors.js';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
/** An address of ours or of a service. Logins have variables of their own: what is part of an address is shown in links and messages. */
const address = z
  .url({ protocol: /^https?$/ })
  .refine((text) => {
    // What is no address at all has been told already.
    if (!URL.canParse(text)) return true;
    const { username, password, search, hash } = new URL(text);
    return username + password + search + hash === '';
  }, 'may hold no user name, password or parameters')
  .optional();
const flag = z.enum(['true', 'false']).transform((value) => value === 'true');
/** Entries with commas between them. */
const list = (entry: z.ZodType<string, string>) =>
  z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(entry));
const cores = availableParallelism();

/** The folder that holds package.json, prisma/ and models/. */
export const INSTALLATION = fileURLToPath(new URL('..', import.meta.url));

// Every variable that Vitrine reads, here and nowhere else. `.env.example` lists the same names; a test compares them.
const VARIABLES = {
  VITRINE_DATA: z.string().min(1).default('./data'),
  VITRINE_HOST: z.string().min(1).default('127.0.0.1'),
  VITRINE_PORT: whole(0, 65_535).default(4000),
  VITRINE_PUBLIC_URL: address,
  VITRINE_WEB_ORIGINS: list(
    z.string().refine((text) => URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text, {
      message: 'is not an origin such as https://dam.example.com (scheme and host, no path, no slash at the end, never *)',
    }),
  ),
  VITRINE_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  // Which hosts, ports and parameters it may have is for database/ to say.
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\/./i, 'is not a postgresql:// URL')
    .optional(),
  VITRINE_DATABASE_POOL: whole(1, 100).default(cores + 2),
  VITRINE_DATABASE_TIMEOUT_MS: whole(100, 600_000).default(20_000),
  VITRINE_MODEL: z.string().min(1).optional(),
  VITRINE_MODEL_SOURCE: address.default('https://huggingface.co'),
  VITRINE_MODEL_REGISTRY: z.string().min(1).optional(),
  VITRINE_MODEL_LOWEST_RATE: whole(0, 1_000_000_000).default(2_000),
  VITRINE_PROVIDER: z.enum(['auto', 'cpu', 'cuda', 'webgpu']).default('auto'),
  VITRINE_PRECISION: z.enum(['fp32', 'fp16', 'int8']).optional(),
  VITRINE_MODEL_THREADS: whole(1, 256).optional(),
  VITRINE_MODELS_LOADED: whole(1, 64).default(2),
  VITRINE_DECODERS: whole(1, 64).default(Math.max(1, Math.min(cores, 8))),
  VITRINE_TILE_ROWS: whole(0, 4).default(2),
  VITRINE_FFMPEG: z.string().min(1).default('ffmpeg'),
  VITRINE_FFPROBE: z.string().min(1).default('ffprobe'),
  VITRINE_DECODE_TIMEOUT_MS: whole(100, 600_000).default(20_000),
  VITRINE_MAX_PIXELS: whole(1, 1_000_000_000).default(100_000_000),
  VITRINE_MAX_FILE_BYTES: whole(1, 100_000_000_000).default(512 * 1024 * 1024),
  VITRINE_IMPORT_ROOTS: z.string().default(''),
  VITRINE_IMPORT_BUCKETS: list(z.string().regex(/^[a-z0-9][a-z0-9.-]{1,62}(\/.*)?$/, 'is not a bucket or bucket/prefix')),
  VITRINE_IMPORT_S3_ENDPOINT: address,
  VITRINE_IMPORT_S3_REGION: z.string().optional(),
  VITRINE_IMPORT_S3_ACCESS_KEY_ID: z.string().optional(),
  VITRINE_IMPORT_S3_SECRET_ACCESS_KEY: z.string().optional(),
  VITRINE_IMPORT_S3_FORCE_PATH_STYLE: flag.optional(),
  VITRINE_IMPORT_URL_HOSTS: list(z.string().regex(/^(\*\.)?[a-z0-9.-]+(:\d{1,5})?$/i, 'is not a host, *.host or host:port')),
  VITRINE_IMPORT_URL_NETWORKS: list(z.union([z.cidrv4(), z.cidrv6()])),
  VITRINE_IMPORT_URL_TIMEOUT_MS: whole(100, 3_600_000).default(60_000),
  VITRINE_WEBHOOK_HOSTS: z.string().default(''),
  VITRINE_STORAGE: z.enum(['local', 's3']).default('local'),
  VITRINE_S3_ENDPOINT: address,
  VITRINE_S3_PUBLIC_ENDPOINT: address,
  VITRINE_S3_BUCKET: z.string().optional(),
  VITRINE_S3_REGION: z.string().default('us-east-1'),
  VITRINE_S3_ACCESS_KEY_ID: z.string().optional(),
  VITRINE_S3_SECRET_ACCESS_KEY: z.string().optional(),
  VITRINE_S3_PREFIX: z.string().default(''),
  VITRINE_S3_FORCE_PATH_STYLE: flag.default(false),
  VITRINE_SIGNING_SECRET: list(z.string().min(32, 'has at least 32 characters')),
  // It is sent as a header, and what refuses a header shows it.
  VITRINE_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'holds what no API key holds')
    .optional(),
  VITRINE_SERVER: address,
  HTTP_PROXY: z.url({ protocol: /^https?$/ }).optional(),
  HTTPS_PROXY: z.url({ protocol: /^https?$/ }).optional(),
  NO_PROXY: z.string().optional(),
} as const;

export const VARIABLE_NAMES = Object.keys(VARIABLES);

/** Those that can hold nothing secret: numbers, words of a list, names. Only their values are ever shown; of any other it is not known. */
const HARMLESS = new Set([
  'VITRINE_HOST',
  'VITRINE_PORT',
  'VITRINE_LOG_LEVEL',
  'VITRINE_DATABASE_POOL',
  'VITRINE_DATABASE_TIMEOUT_MS',
  'VITRINE_MODEL_LOWEST_RATE',
  'VITRINE_PROVIDER',
  'VITRINE_PRECISION',
  'VITRINE_MODEL_THREADS',
  'VITRINE_MODELS_LOADED',
  'VITRINE_DECODERS',
  'VITRINE_TILE_ROWS',
  'VITRINE_DECODE_TIMEOUT_MS',
  'VITRINE_MAX_PIXELS',
  'VITRINE_MAX_FILE_BYTES',
  'VITRINE_IMPORT_S3_FORCE_PATH_STYLE',
  'VITRINE_IMPORT_URL_TIMEOUT_MS',
  'VITRINE_IMPORT_URL_NETWORKS',
  'VITRINE_STORAGE',
  'VITRINE_S3_FORCE_PATH_STYLE',
]);

export interface Config {
  dataFolder: string;
  host: string;
  port: number;
  /** Base of the URLs that Vitrine hands out; null: derived from the address it listens on. */
  publicUrl: string | null;
  /** Origins whose pages may use the API: besides that of Vitrine itself. */
  webOrigins: string[];
  logLevel: string;
  database: { url?: string; poolSize: number; statementTimeoutMs: number };
  model: {
    /** Name or path of the model, as given; undefined: what `vitrine models use` chose, else the built-in one. */
    choice?: string;
    /** Models that were pulled or added. */
    ownFolder: string;
    /** Models that come with Vitrine. */
    builtInFolder: string;
    /** File that says which models can be fetched. */
    registry: string;
    provider: 'auto' | 'cpu' | 'cuda' | 'webgpu';
    precision?: 'fp32' | 'fp16' | 'int8';
    threads?: number;
    /** Most models in memory at a time. */
    maxLoaded: number;
    /** See DownloadSource. */
    source: { url: string; lowestRate: number; httpProxy?: string; httpsProxy?: string; noProxy?: string };
  };
  media: {
    processes: number;
    /** See tilesOf. */
    tileRows: number;
    videoTools: { ffmpeg: string; ffprobe: string };
    timeoutMs: number;
    maxPixels: number;
    maxByteSize: number;
  };
  /** Folders that imports of the kind `folder` may read, absolute. */
  importRoots: string[];
  /** Buckets that imports may read, and how they are reached; see ImportBuckets. */
  importBuckets: {
    allowed: { bucket: string; prefix: string }[];
    connection: { endpoint?: string; region: string; accessKeyId?: string; secretAccessKey?: string; forcePathStyle: boolean };
  };
  /** What imports may fetch from addresses; see UrlPolicy. */
  importUrls: { hosts: string[]; networks: string[]; timeoutMs: number };
  /** `host` or `host:port` of webhook receivers that may be plain http or have private addresses. */
  webhookHosts: string[];
  storage:
    | { kind: 'local'; folder: string }
    | {
        kind: 's3';
        endpoint?: string;
        publicEndpoint?: string;
        bucket: string;
        region: string;
        accessKeyId?: string;
        secretAccessKey?: string;
        prefix: string;
        forcePathStyle: boolean;
        temporaryFolder: string;
      };
  /** Secrets that links are signed with, in place of the database's: the first signs, all are accepted. */
  ownSigningSecrets: string[];
  /** For the command line when it talks to a running server. */
  client: { server?: string; apiKey?: string };
}

/**
 * Reads and checks the environment.
 * @throws VitrineError CONFIG_INVALID naming every variable at fault, what is allowed, and its value where that can hold no secret
 */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  // An empty variable counts as not set: that is how compose files and .env files write it.
  const given = Object.fromEntries(
    VARIABLE_NAMES.flatMap((name) => {
      // The proxy variables are written in either case.
      const value = environment[name] || (name.endsWith('_PROXY') ? environment[name.toLowerCase()] : undefined);
      return value ? [[name, value]] : [];
    }),
  );
  const parsed = z.object(VARIABLES).safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      const shown = HARMLESS.has(name) ? `=${JSON.stringify(given[name])}` : ' (its value is not shown)';
      return `${issue.path.join('.')}${shown}: ${issue.message}`;
    });
    throw new VitrineError(
      'CONFIG_INVALID',
      `The environment is not right:\n  ${lines.join('\n  ')}\n.env.example explains each variable.`,
      {
        field: String(parsed.error.issues[0]?.path[0]),
      },
    );
  }
  const env = parsed.data;
  const dataFolder = path.resolve(env.VITRINE_DATA);
  return {
    dataFolder,
    host: env.VITRINE_HOST,
    port: env.VITRINE_PORT,
    publicUrl: env.VITRINE_PUBLIC_URL ?? null,
    webOrigins: env.VITRINE_WEB_ORIGINS,
    logLevel: env.VITRINE_LOG_LEVEL,
    database: {
      ...(env.DATABASE_URL !== undefined && { url: env.DATABASE_URL }),
      poolSize: env.VITRINE_DATABASE_POOL,
      statementTimeoutMs: env.VITRINE_DATABASE_TIMEOUT_MS,
    },
    model: {
      ...(env.VITRINE_MODEL !== undefined && { choice: env.VITRINE_MODEL }),
      ownFolder: path.join(dataFolder, 'models'),
      builtInFolder: path.join(INSTALLATION, 'models'),
      registry: path.resolve(env.VITRINE_MODEL_REGISTRY ?? path.join(INSTALLATION, 'models', 'registry.json')),
      provider: env.VITRINE_PROVIDER,
      maxLoaded: env.VITRINE_MODELS_LOADED,
      ...(env.VITRINE_PRECISION !== undefined && { precision: env.VITRINE_PRECISION }),
      ...(env.VITRINE_MODEL_THREADS !== undefined && { threads: env.VITRINE_MODEL_THREADS }),
      source: {
        url: env.VITRINE_MODEL_SOURCE.replace(/\/+$/, ''),
        lowestRate: env.VITRINE_MODEL_LOWEST_RATE,
        ...(env.HTTP_PROXY !== undefined && { httpProxy: env.HTTP_PROXY }),
        ...(env.HTTPS_PROXY !== undefined && { httpsProxy: env.HTTPS_PROXY }),
        ...(env.NO_PROXY !== undefined && { noProxy: env.NO_PROXY }),
      },
    },
    media: {
      processes: env.VITRINE_DECODERS,
      tileRows: env.VITRINE_TILE_ROWS,
      timeoutMs: env.VITRINE_DECODE_TIMEOUT_MS,
      videoTools: { ffmpeg: env.VITRINE_FFMPEG, ffprobe: env.VITRINE_FFPROBE },
      maxPixels: env.VITRINE_MAX_PIXELS,
      maxByteSize: env.VITRINE_MAX_FILE_BYTES,
    },
    importBuckets: importBuckets(env),
    importUrls: {
      hosts: env.VITRINE_IMPORT_URL_HOSTS,
      networks: env.VITRINE_IMPORT_URL_NETWORKS,
      timeoutMs: env.VITRINE_IMPORT_URL_TIMEOUT_MS,
    },
    importRoots: env.VITRINE_IMPORT_ROOTS.split(path.delimiter)
      .filter(Boolean)
      .map((root) => path.resolve(root)),
    webhookHosts: env.VITRINE_WEBHOOK_HOSTS.split(',')
      .map((host) => host.trim().toLowerCase())
      .filter(Boolean),
    storage: env.VITRINE_STORAGE === 'local' ? { kind: 'local', folder: dataFolder } : s3(env, dataFolder),
    ownSigningSecrets: env.VITRINE_SIGNING_SECRET,
    client: {
      ...(env.VITRINE_SERVER !== undefined && { server: env.VITRINE_SERVER }),
      ...(env.VITRINE_API_KEY !== undefined && { apiKey: env.VITRINE_API_KEY }),
    },
  };
}

type Environment = z.output<z.ZodObject<typeof VARIABLES>>;

function importBuckets(env: Environment): Config['importBuckets'] {
  // Settings of their own, or those of the storage: never one's address with the other's key.
  const own = Object.keys(VARIABLES).some((name) => name.startsWith('VITRINE_IMPORT_S3_') && env[name as keyof Environment] !== undefined);
  const [endpoint, region, accessKeyId, secretAccessKey, forcePathStyle] = own
    ? [
        env.VITRINE_IMPORT_S3_ENDPOINT,
        env.VITRINE_IMPORT_S3_REGION ?? 'us-east-1',
        env.VITRINE_IMPORT_S3_ACCESS_KEY_ID,
        env.VITRINE_IMPORT_S3_SECRET_ACCESS_KEY,
        env.VITRINE_IMPORT_S3_FORCE_PATH_STYLE ?? false,
      ]
    : [
        env.VITRINE_S3_ENDPOINT,
        env.VITRINE_S3_REGION,
        env.VITRINE_S3_ACCESS_KEY_ID,
        env.VITRINE_S3_SECRET_ACCESS_KEY,
        env.VITRINE_S3_FORCE_PATH_STYLE,
      ];
  if (env.VITRINE_IMPORT_BUCKETS.length > 0 && (accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    const prefix = own ? 'VITRINE_IMPORT_S3' : 'VITRINE_S3';
    const message = `${prefix}_ACCESS_KEY_ID and ${prefix}_SECRET_ACCESS_KEY go together: set both or neither.`;
    throw new VitrineError('CONFIG_INVALID', message, { field: `${prefix}_ACCESS_KEY_ID` });
  }
  return {
    allowed: env.VITRINE_IMPORT_BUCKETS.map((entry) => {
      const [, bucket, prefix = ''] = /^([^/]+)\/?(.*)$/.exec(entry) as unknown as [string, string, string];
      return { bucket, prefix: prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/` };
    }),
    connection: {
      region,
      forcePathStyle,
      ...(endpoint !== undefined && { endpoint }),
      ...(accessKeyId !== undefined && secretAccessKey !== undefined && { accessKeyId, secretAccessKey }),
    },
  };
}

function s3(env: z.output<z.ZodObject<typeof VARIABLES>>, dataFolder: string): Config['storage'] {
  if (env.VITRINE_S3_BUCKET === undefined) {
    throw new VitrineError('CONFIG_INVALID', 'VITRINE_STORAGE=s3 needs VITRINE_S3_BUCKET.', { field: 'VITRINE_S3_BUCKET' });
  }
  if ((env.VITRINE_S3_ACCESS_KEY_ID === undefined) !== (env.VITRINE_S3_SECRET_ACCESS_KEY === undefined)) {
    throw new VitrineError(
      'CONFIG_INVALID',
      'VITRINE_S3_ACCESS_KEY_ID and VITRINE_S3_SECRET_ACCESS_KEY go together: set both or neither.',
      {
        field: 'VITRINE_S3_ACCESS_KEY_ID',
      },
    );
  }
  return {
    kind: 's3',
    bucket: env.VITRINE_S3_BUCKET,
    region: env.VITRINE_S3_REGION,
    prefix: env.VITRINE_S3_PREFIX,
    forcePathStyle: env.VITRINE_S3_FORCE_PATH_STYLE,
    temporaryFolder: path.join(dataFolder, 'tmp'),
    ...(env.VITRINE_S3_ENDPOINT !== undefined && { endpoint: env.VITRINE_S3_ENDPOINT }),
    ...(env.VITRINE_S3_PUBLIC_ENDPOINT !== undefined && { publicEndpoint: env.VITRINE_S3_PUBLIC_ENDPOINT }),
    ...(env.VITRINE_S3_ACCESS_KEY_ID !== undefined && { accessKeyId: env.VITRINE_S3_ACCESS_KEY_ID }),
    ...(env.VITRINE_S3_SECRET_ACCESS_KEY !== undefined && { secretAccessKey: env.VITRINE_S3_SECRET_ACCESS_KEY }),
  };
}
