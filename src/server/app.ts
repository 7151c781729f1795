/** The Fastify application: builds, never listens. */
import fastifySwagger from '@fastify/swagger';
import fastifyWebsocket from '@fastify/websocket';
import fastify, { type FastifyBaseLogger, type FastifyRequest, LogController } from 'fastify';
import type { Logger } from 'pino';
import { pathOf, sendError } from './error-answer.ts';
import type { App } from './fastify-app.ts';
import { HttpError, printable } from './http-error.ts';
import { requireToken } from './plugins/authentication.ts';
import { readBodiesAsJson } from './plugins/bodies.ts';
import { guardOrigins } from './plugins/origins.ts';
import { channelRoutes } from './routes/channels.ts';
import { chartRoutes } from './routes/charts.ts';
import { eventRoutes } from './routes/events.ts';
import { gatewayRoutes } from './routes/gateway.ts';
import { kernelRoutes } from './routes/kernels.ts';
import { kernelspecRoutes } from './routes/kernelspecs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { openapiRoutes, withOptionalBodies } from './routes/openapi.ts';
import { sessionRoutes } from './routes/sessions.ts';
import type { Services } from './services.ts';
import { tlsOptions } from './tls-options.ts';
import { version } from './version.ts';
import { chooseSubprotocol } from './websocket/client-protocol.ts';

/** Characters in one part of a path: more than any name or id has. */
const LONGEST_PARAMETER = 512;

export async function buildApp(services: Services, log: Logger): Promise<App> {
  const settings = services.settings();
  const app = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: settings.maxBodySize,
    trustProxy: settings.trustXheaders,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    frameworkErrors: sendError,
    // Answers are typed where they are made: compiled serializers would cost memory and gain nothing.
    schemaController: { compilersFactory: { buildSerializer: () => () => JSON.stringify } },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, useDefaults: false } },
    https: await tlsOptions(settings),
  } as object) as unknown as App;
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request) => {
    throw new HttpError(404, `There is nothing at ${printable(pathOf(request))}.`, 'Not Found');
  });
  app.addHook('onResponse', async (request, reply) => {
    request.log.debug(
      {
        method: request.method,
        path: pathOf(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
      },
      `${reply.statusCode} ${request.method} ${pathOf(request)}`,
    );
  });
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Kernelgate', description: 'A gateway for Jupyter kernels', version },
    },
    transformObject: (document) => withOptionalBodies(document),
  });
  await app.register(fastifyWebsocket, {
    options: {
      maxPayload: settings.wsMaxMessageSize,
      perMessageDeflate: false,
      handleProtocols: chooseSubprotocol,
    },
    errorHandler: (error: Error, _socket: unknown, request: FastifyRequest) => {
      request.log.debug({ err: error }, 'a WebSocket ended with an error');
    },
    preClose: (done: () => void) => done(),
  });
  readBodiesAsJson(app);
  guardOrigins(app, services);
  requireToken(app, services);
  await app.register(
    async (scope) => {
      const routes = scope as unknown as App;
      gatewayRoutes(routes, services);
      kernelspecRoutes(routes, services);
      kernelRoutes(routes, services);
      channelRoutes(routes, services);
      sessionRoutes(routes, services);
      eventRoutes(routes, services);
      chartRoutes(routes);
      openapiRoutes(routes);
      metricsRoutes(routes, services);
    },
    { prefix: settings.baseUrl.replace(/\/+$/, '') },
  );
  return app;
}
