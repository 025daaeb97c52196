import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { EventDispatchJob } from '../../../src/library/webhooks/event-dispatch.job.js';
import { aTurn } from '../../support/job-turn.js';
import { runImport, stageFiles } from '../../support/import-client.js';
import { openTestApp, type TestApp } from '../../support/test-app.js';

interface Message {
  id: string;
  valid: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: what a message holds is what the tests are about
  body: any;
}

let receiver: Server;
let url: string;
let test: TestApp;
let key: string;
let organizationId: string;
let asset: string;
let rule: string;
const received = new Map<string, Message[]>();
const secrets = new Map<string, string>();
const answers = new Map<string, number[]>();

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const path = request.url as string;
      const body = Buffer.concat(parts).toString();
      const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = request.headers as Record<string, string>;
      const secret = Buffer.from((secrets.get(path) ?? '').replace('whsec_', ''), 'base64');
      const expected = `v1,${createHmac('sha256', secret).update(`${id}.${time}.${body}`).digest('base64')}`;
      received.set(path, [...(received.get(path) ?? []), { id: id as string, valid: signature === expected, body: JSON.parse(body) }]);
      response.statusCode = answers.get(path)?.shift() ?? 200;
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
  test = await openTestApp({ config: { VITRINE_WEBHOOK_HOSTS: `127.0.0.1:${port}` } });
  ({ id: organizationId } = test.organizations.main!);
  key = test.organizations.main!.keys.ADMIN;
  await mutate('brandCreate', { key: 'acme', name: 'Acme' }, 'brand { id }');
  const picture = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#c02a5a' } })
    .png()
    .toBuffer();
  const [upload] = await stageFiles(test, key, [{ fileName: 'hero.png', content: picture }]);
  const { items } = await runImport(test, key, {
    source: { uploads: [{ upload, fields: { brand: 'acme', title: 'Hero', externalId: 'hero-1' } }] },
  });
  asset = items[0]!.assetId as string;
  const rules = [
    { key: 'wide', title: 'Wide enough', kind: 'MIN_RESOLUTION', severity: 'BLOCKER', parameters: { minWidthPx: 50, minHeightPx: 1 } },
  ];
  const content = JSON.stringify({ brands: [{ key: 'acme', name: 'Acme', guidelines: [{ name: 'G', rules }] }] });
  const { import: made } = await mutate('guidelineImport', { content, publish: true }, 'import { brands { guidelineIds } }');
  const { guideline } = await test.ask(
    'query ($id: ID!) { guideline(id: $id) { rules { id } } }',
    { id: made.brands[0].guidelineIds[0] },
    key,
  );
  rule = guideline.rules[0].id;
  expect((await mutate('assetApprove', { asset }, 'release { state }')).release).toEqual({ state: 'APPROVED' });
}, 120_000);
afterAll(async () => {
  await test?.close();
  receiver?.closeAllConnections();
  await new Promise((resolve) => receiver?.close(resolve));
});

async function mutate(name: string, input: object, selection: string, as = key) {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const data = await test.ask(
    `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field message } } }`,
    { input },
    as,
  );
  return data[name];
}

async function addWebhook(path: string, events: string[]): Promise<string> {
  const { webhook, webhookSecret } = await mutate(
    'eventWebhookCreate',
    { name: path, url: `${url}${path}`, events },
    'webhook { id } webhookSecret',
  );
  secrets.set(path, webhookSecret);
  return webhook.id;
}

const requireWidth = (minWidthPx: number) =>
  mutate('ruleUpdate', { id: rule, parameters: { minWidthPx, minHeightPx: 1 } }, 'rule { revision }');
const dispatch = () =>
  new EventDispatchJob({ database: test.app.database, organizations: test.app.organizations, outbox: test.app.outbox }).run({}, aTurn());
const waiting = () => test.app.database.asOrganization(organizationId, (tx) => tx.rows.webhookEvent.count());
const deliveriesOf = async (id: string) => {
  const { eventWebhooks } = await test.ask(
    '{ eventWebhooks { edges { node { id stoppedAt deliveries { type state attempts assetCount responseStatus } } } } }',
    {},
    key,
  );
  return eventWebhooks.edges.find(({ node }: { node: { id: string } }) => node.id === id).node;
};
async function until<T>(ask: () => T | Promise<T>, done: (value: T) => boolean): Promise<T> {
  for (const began = Date.now(); Date.now() - began < 45_000; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const value = await ask();
    if (done(value)) return value;
  }
  throw new Error(`still ${JSON.stringify(await ask())}`);
}
const messagesAt = (path: string, count: number) =>
  until(
    () => received.get(path) ?? [],
    (list) => list.length >= count,
  );

describe('events', () => {
  it('that nobody asked for are not kept', async () => {
    await requireWidth(100);
    expect(await waiting()).toBe(0);
    await requireWidth(50);
  });

  it('tell when an approved version breaks a blocker, and when it keeps it again: signed, to those who asked for it', async () => {
    await addWebhook('/both', ['RELEASE_BROKEN', 'RELEASE_MENDED']);
    await addWebhook('/mended', ['RELEASE_MENDED']);
    await requireWidth(100);
    expect(await waiting()).toBe(1);
    await dispatch();
    expect(await waiting()).toBe(0);
    const [broken] = await messagesAt('/both', 1);
    expect(broken).toMatchObject({
      valid: true,
      body: {
        type: 'release.broken',
        data: {
          asset: { id: asset, externalId: 'hero-1', title: 'Hero' },
          brand: 'acme',
          rules: [{ id: rule, key: 'wide', title: 'Wide enough', message: expect.stringContaining('60') }],
        },
      },
    });
    const { asset: shown } = await test.ask('query ($id: ID!) { asset(id: $id) { release { brokenSince } } }', { id: asset }, key);
    expect(new Date(broken!.body.data.brokenSince).getTime()).toBe(new Date(shown.release.brokenSince).getTime());
    // Judged again without another outcome, nothing is told.
    await requireWidth(101);
    expect(await waiting()).toBe(0);
    await requireWidth(50);
    await dispatch();
    expect((await messagesAt('/both', 2))[1]).toMatchObject({
      valid: true,
      body: { type: 'release.mended', data: { asset: { id: asset }, rules: [] } },
    });
    expect(await messagesAt('/mended', 1)).toMatchObject([{ valid: true, body: { type: 'release.mended' } }]);
  });

  it('are lost with the change that they are about, and with nothing else', async () => {
    const judged = test.app.database.asOrganization(organizationId, async (tx) => {
      await tx.rows.versionRelease.updateMany({ where: { organizationId }, data: { brokenAt: new Date() } });
      expect(await tx.rows.webhookEvent.count()).toBe(1);
      throw new Error('the transaction fails');
    });
    await expect(judged).rejects.toThrow('the transaction fails');
    expect(await waiting()).toBe(0);
    await requireWidth(100);
    // The dispatcher dies after it has noted the messages: event and messages are as before.
    const messages = () => test.app.database.asOrganization(organizationId, (tx) => tx.rows.webhookDelivery.count());
    const before = await messages();
    const died = test.app.database.asOrganization(organizationId, async (tx) => {
      expect(await test.app.outbox.postEvents(tx, new Date())).toBe(1);
      throw new Error('the dispatcher dies');
    });
    await expect(died).rejects.toThrow('the dispatcher dies');
    expect([await waiting(), await messages()]).toEqual([1, before]);
    await dispatch();
    await messagesAt('/both', 3);
    expect(await messages()).toBe(before + 1);
    await requireWidth(50);
    await dispatch();
    await messagesAt('/both', 4);
  });

  it('are tried again until they are taken, as one message, and no more once the receiver is gone', async () => {
    const id = await addWebhook('/flaky', ['RELEASE_BROKEN']);
    answers.set('/flaky', [500, 503]);
    const pinged = await mutate('eventWebhookPing', { id }, 'webhook { name }');
    expect(pinged).toMatchObject({ webhook: { name: '/flaky' }, userErrors: [] });
    const tried = await messagesAt('/flaky', 3);
    expect(new Set(tried.map((message) => message.id)).size).toBe(1);
    expect(tried[2]).toMatchObject({ valid: true, body: { type: 'webhook.ping', data: { webhook: { id, name: '/flaky' } } } });
    expect(
      await until(
        () => deliveriesOf(id),
        (node) => node.deliveries[0].state === 'DELIVERED',
      ),
    ).toMatchObject({
      deliveries: [{ type: 'webhook.ping', attempts: 3, assetCount: 0, responseStatus: 200 }],
    });
    answers.set('/flaky', [410]);
    await mutate('eventWebhookPing', { id }, 'webhook { name }');
    expect(
      (
        await until(
          () => deliveriesOf(id),
          (node) => node.stoppedAt !== null,
        )
      ).deliveries[0],
    ).toMatchObject({ state: 'FAILED', responseStatus: 410 });
    expect((await mutate('eventWebhookPing', { id }, 'webhook { name }')).userErrors).toMatchObject([
      { code: 'CONFLICT', field: 'input.id' },
    ]);
    const again = await mutate('eventWebhookUpdate', { id, url: `${url}/new` }, 'webhook { stoppedAt events } webhookSecret');
    expect(again).toMatchObject({
      webhook: { stoppedAt: null, events: ['RELEASE_BROKEN'] },
      webhookSecret: expect.stringMatching(/^whsec_/),
    });
    expect(await mutate('eventWebhookDelete', { id }, 'deletedId')).toMatchObject({ deletedId: id, userErrors: [] });
  });

  it.each([
    [{ name: 'x', url: 'http://example.com/', events: ['RELEASE_BROKEN'] }, 'input.url'],
    [{ name: 'x', url: 'https://10.0.0.1/', events: ['RELEASE_BROKEN'] }, 'input.url'],
    [{ name: ' ', url: 'https://example.com/', events: ['RELEASE_BROKEN'] }, 'input.name'],
    [{ name: 'x', url: 'https://example.com/', events: [] }, 'input.events'],
    [{ name: '/both', url: 'https://example.com/', events: ['RELEASE_BROKEN'] }, 'input.name'],
  ])('refuse %j', async (input, field) => {
    const { webhook, userErrors } = await mutate('eventWebhookCreate', input, 'webhook { id }');
    expect([webhook, userErrors[0].field]).toEqual([null, field]);
  });

  it('are for administrators', async () => {
    const answer = await test.graphql('{ eventWebhooks { totalCount } }', {}, test.organizations.main!.keys.EDITOR);
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });
});
