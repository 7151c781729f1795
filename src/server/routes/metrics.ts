/** `/metrics`: what Prometheus asks for. */
import type { App } from '../fastify-app.ts';
import type { Services } from '../services.ts';
import { refuseOtherMethods } from './resource.ts';
import { ERRORS } from './schemas.ts';

const MetricsText = { type: 'string', description: "Prometheus' text format, version 0.0.4" } as const;

export function metricsRoutes(app: App, { metrics }: Services): void {
  app.get(
    '/metrics',
    {
      config: { opensBy: 'metricsPublic' },
      schema: {
        tags: ['gateway'],
        summary: 'Metrics for Prometheus',
        response: {
          200: { description: 'All metrics', content: { 'text/plain': { schema: MetricsText } } },
          ...ERRORS,
        },
      },
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()),
  );
  refuseOtherMethods(app, '/metrics', ['GET']);
}
