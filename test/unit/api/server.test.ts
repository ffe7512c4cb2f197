import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createApiServer, listen } from '../../../src/api/server.js';
import type { Component, ComponentKind } from '../../../src/model/component.js';
import type { AirflowLikeError } from '../../../src/model/errors.js';
import type { Clock } from '../../../src/ports/clock.js';
import type { Logger } from '../../../src/ports/logger.js';
import type { Store } from '../../../src/ports/store.js';

const NOW = Date.UTC(2026, 2, 1, 12);
const logged: object[] = [];
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: (fields) => void logged.push(fields),
  child: () => logger,
};
/** Sleeps end at once: what waits with a limit reaches it. */
const clock: Clock = { now: () => NOW, sleep: async () => {} };

function component(kind: ComponentKind, agoMs: number, more: Partial<Component> = {}): Component {
  return {
    id: `${kind}-${agoMs}`,
    kind,
    hostname: 'h',
    pid: 1,
    version: '1.2.3',
    startedAt: NOW - 100_000,
    heartbeatAt: NOW - agoMs,
    leaseUntil: NOW - agoMs + 30_000,
    stoppedAt: null,
    details: {},
    ...more,
  };
}

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server.close();
});

function serverWith(list: () => Promise<readonly Component[]>) {
  const store = { components: { list } } as Store;
  const server = createApiServer({ store, clock, logger, version: '1.2.3' });
  opened.push(server);
  return server;
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
  json<Body>(): Body;
}

/** Asks over a real connection. */
async function ask(server: ReturnType<typeof serverWith>, path: string, init: RequestInit = {}): Promise<Answer> {
  if (!server.server.listening) await listen(server, { host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
  const body = await response.text();
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body,
    json: <Body>() => JSON.parse(body) as Body,
  };
}

describe('GET /api/v2/monitor/health', () => {
  const health = async (list: () => Promise<readonly Component[]>) => {
    const response = await ask(serverWith(list), '/api/v2/monitor/health');
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    return response.json<Record<string, { status: string | null } & Record<string, string | null>>>();
  };

  it('is healthy while a process of the kind holds its lease, with Airflow’s field names', async () => {
    const body = await health(async () => [
      component('scheduler', 1_000),
      component('scheduler', 90_000),
      component('dag-processor', 5_000),
      component('worker', 0),
    ]);
    expect(body).toEqual({
      metadatabase: { status: 'healthy' },
      scheduler: { status: 'healthy', latest_scheduler_heartbeat: '2026-03-01T11:59:59.000+00:00' },
      triggerer: { status: null, latest_triggerer_heartbeat: null },
      dag_processor: { status: 'healthy', latest_dag_processor_heartbeat: '2026-03-01T11:59:55.000+00:00' },
      worker: { status: 'healthy', latest_worker_heartbeat: '2026-03-01T12:00:00.000+00:00' },
      api_server: { status: 'healthy', latest_api_server_heartbeat: null },
    });
  });

  it('is unhealthy when the lease has ended or the process has stopped, and a scheduler is always needed', async () => {
    const body = await health(async () => [component('worker', 31_000), component('dag-processor', 0, { stoppedAt: NOW })]);
    expect([body['worker']?.status, body['dag_processor']?.status, body['scheduler']?.status]).toEqual([
      'unhealthy',
      'unhealthy',
      'unhealthy',
    ]);
    expect(body['worker']?.['latest_worker_heartbeat']).toBe('2026-03-01T11:59:29.000+00:00');
  });

  it.each([
    ['refuses', () => Promise.reject(new Error('ECONNREFUSED 10.0.0.1'))],
    ['does not answer', () => new Promise<never>(() => {})],
  ])('answers 200 with an unhealthy metadatabase when the database %s', async (_what, list) => {
    const body = await health(list);
    expect(body['metadatabase']).toEqual({ status: 'unhealthy' });
    expect(body['scheduler']).toEqual({ status: 'unhealthy', latest_scheduler_heartbeat: null });
    expect(JSON.stringify(body)).not.toContain('ECONNREFUSED');
  });
});

describe('the API server', () => {
  it('answers the version', async () => {
    expect(
      (
        await ask(
          serverWith(async () => []),
          '/api/v2/version',
        )
      ).json(),
    ).toEqual({ version: '1.2.3', git_version: null });
  });

  it.each([
    ['GET', '/api/v2/nothing?token=secret'],
    ['POST', '/api/v2/version'],
    ['GET', '/'],
  ] as const)('answers %s %s with a problem', async (method, url) => {
    const response = await ask(
      serverWith(async () => []),
      url,
      { method },
    );
    expect(response.statusCode).toBe(404);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.json()).toEqual({
      type: 'about:blank',
      title: 'no such thing',
      status: 404,
      code: 'NOT_FOUND',
      detail: `there is no ${method} ${url.split('?')[0]}`,
    });
  });

  it('sends security headers with every answer, and says nothing of its software', async () => {
    for (const url of ['/api/v2/version', '/nothing']) {
      const { headers } = await ask(
        serverWith(async () => []),
        url,
      );
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
      expect(headers).not.toHaveProperty('server');
      expect(headers).not.toHaveProperty('x-powered-by');
    }
  });

  it('hides a fault of its own from the client and logs it', async () => {
    const server = serverWith(async () => []);
    server.get('/boom', () => {
      throw new Error('select * from secrets');
    });
    const response = await ask(server, '/boom');
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([500, 'INTERNAL']);
    expect(response.body).not.toContain('secrets');
    expect(logged).toEqual([expect.objectContaining({ url: '/boom' })]);
  });

  it.each([
    ['{"a": ', 'application/json', 400, 'REQUEST_INVALID'],
    ['a,b', 'text/csv', 415, 'REQUEST_INVALID'],
  ])('refuses body $# with its status', async (payload, type, status, code) => {
    const server = serverWith(async () => []);
    server.post('/echo', async (request) => request.body);
    const response = await ask(server, '/echo', { method: 'POST', headers: { 'content-type': type }, body: payload });
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([status, code]);
    expect((await ask(server, '/api/v2/version')).statusCode).toBe(200);
  });
});

describe('a body that is too large', () => {
  it('is refused by what its head says of it', async () => {
    const server = serverWith(async () => []);
    server.post('/echo', async (incoming) => incoming.body);
    await listen(server, { host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    const headers = { 'content-type': 'application/json', 'content-length': 1_100_000 };
    // The body is never sent: a connection that ends while it is under way may take the answer with it.
    const asking = request({ host: '127.0.0.1', port, path: '/echo', method: 'POST', headers });
    asking.on('error', () => undefined).flushHeaders();
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    expect([response.statusCode, ((await json(response)) as { code: string }).code]).toEqual([413, 'BODY_TOO_LARGE']);
    asking.destroy();
    expect((await ask(server, '/api/v2/version')).statusCode).toBe(200);
  });
});

describe('listen', () => {
  it('takes a free port and says which', async () => {
    const server = serverWith(async () => []);
    const url = await listen(server, { host: '127.0.0.1', port: 0 });
    expect(((await (await fetch(`${url}/api/v2/version`)).json()) as { version: string }).version).toBe('1.2.3');
  });

  it('B74: names the process that holds the port, and the flag that helps', async () => {
    const holder: Server = createServer();
    await new Promise<void>((resolve) => void holder.listen(0, '127.0.0.1', resolve));
    opened.push(holder);
    const { port } = holder.address() as AddressInfo;
    const error = await listen(
      serverWith(async () => []),
      { host: '127.0.0.1', port },
    ).catch((reason: unknown) => reason as AirflowLikeError);
    const by = process.platform === 'linux' ? ` by pid ${process.pid}` : '';
    expect((error as AirflowLikeError).message).toBe(
      `PORT_IN_USE: api.port: port ${port} is in use${by}; use --port or api.port for another one (0 takes a free one)`,
    );
  });

  it('refuses an address that this machine does not have', async () => {
    const error = await listen(
      serverWith(async () => []),
      { host: '203.0.113.7', port: 0 },
    ).catch((reason: unknown) => reason as AirflowLikeError);
    expect((error as AirflowLikeError).message).toBe(
      'CONFIG_INVALID: api.host: this machine has no such address, got "203.0.113.7"',
    );
  });
});
