/** The API server: parses requests, asks the store or an operation, answers. The application loads this file only when it serves. */
import fastify, { type FastifyInstance } from 'fastify';
import { AirflowLikeError, isAirflowLikeError } from '../model/errors.js';
import type { Clock } from '../ports/clock.js';
import type { Logger } from '../ports/logger.js';
import type { Store } from '../ports/store.js';
import type { HealthResponse } from './contract/health.js';
import type { VersionResponse } from './contract/version.js';
import { readHealth } from './health.js';
import { findPortHolder } from './port-holder.js';
import { notFound, toProblem } from './problem.js';

export interface ApiServerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Version of this package. */
  readonly version: string;
  /** Commit it was built from. Default: null. */
  readonly gitVersion?: string | null;
}

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
} as const;

/** Builds the server without listening, so that tests can `inject` requests; `listen` opens the port. */
export function createApiServer({ store, clock, logger, version, gitVersion = null }: ApiServerOptions): FastifyInstance {
  const server = fastify({ logger: false, forceCloseConnections: true, bodyLimit: 1_048_576 });

  server.addHook('onSend', async (_request, reply) => void reply.headers(SECURITY_HEADERS));
  server.setNotFoundHandler((request, reply) => {
    const problem = notFound(request.method, request.url.split('?', 1)[0] as string);
    return reply.status(problem.status).type('application/problem+json').send(problem);
  });
  server.setErrorHandler((error, request, reply) => {
    const problem = toProblem(error);
    if (problem.status >= 500 && !isAirflowLikeError(error)) {
      logger.error({ err: error, method: request.method, url: request.url }, 'a request failed');
    }
    return reply.status(problem.status).type('application/problem+json').send(problem);
  });

  server.get('/api/v2/monitor/health', async (): Promise<HealthResponse> => readHealth(store, clock));
  server.get('/api/v2/version', async (): Promise<VersionResponse> => ({ version, git_version: gitVersion }));
  return server;
}

/**
 * Opens the port and returns the base URL, with the port that was taken when `port` is 0.
 * @throws AirflowLikeError PORT_IN_USE, with the process that holds the port when it can be found.
 */
export async function listen(server: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      const pid = await findPortHolder(port);
      throw new AirflowLikeError('PORT_IN_USE', {
        place: 'api.port',
        message: `port ${port} is in use${pid === null ? '' : ` by pid ${pid}`}; use --port or api.port for another one (0 takes a free one)`,
        cause: error,
      });
    }
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES' || code === 'ENOTFOUND') {
      const message = code === 'EACCES' ? `port ${port} needs more rights than this user has` : 'this machine has no such address';
      throw new AirflowLikeError('CONFIG_INVALID', {
        place: code === 'EACCES' ? 'api.port' : 'api.host',
        message,
        value: host,
        cause: error,
      });
    }
    throw error;
  }
}
