/** What can be asked of the gateway itself. */
import type { App } from '../fastify-app.ts';
import type { Services } from '../services.ts';
import { version } from '../version.ts';
import { refuseOtherMethods } from './resource.ts';
import { ERRORS, Me, Status, Version } from './schemas.ts';

const tags = ['gateway'];

export function gatewayRoutes(app: App, services: Services): void {
  app.get('/api', { schema: { tags, summary: 'Versions', response: { 200: Version, ...ERRORS } } }, () => ({
    version,
    gateway_version: version,
  }));
  refuseOtherMethods(app, '/api', ['GET']);

  app.get(
    '/api/status',
    { schema: { tags, summary: 'How busy the gateway is', response: { 200: Status, ...ERRORS } } },
    () => {
      const models = services.kernels.list();
      const activities = models.map((model) => model.last_activity);
      return {
        started: services.startedAt,
        last_activity: [services.startedAt, ...activities].sort().at(-1) as string,
        kernels: models.length,
        dropped_messages: {
          bad_signatures: services.rejectedMessages.badSignatures,
          malformed: services.rejectedMessages.malformed,
        },
        connections: models.reduce((sum, model) => sum + model.connections, 0),
      };
    },
  );
  refuseOtherMethods(app, '/api/status', ['GET']);

  app.get('/api/me', { schema: { tags, summary: 'Who is asking', response: { 200: Me, ...ERRORS } } }, () => {
    const name = services.gatewayUser;
    const initials = name.slice(0, 1).toUpperCase();
    return {
      identity: { username: name, name, display_name: name, initials, avatar_url: null, color: null },
      permissions: {},
    };
  });
  refuseOtherMethods(app, '/api/me', ['GET']);
}
