/** What happened to each kernel, and to the gateway, and what is happening: as JSON, or as server-sent events. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App } from '../fastify-app.ts';
import { unknownKernel } from '../http-error.ts';
import type { Services } from '../services.ts';
import { EventStream, type Feed, STREAM_HEADERS } from '../timeline/event-stream.ts';
import { OverviewFeed } from '../timeline/overview-feed.ts';
import { followRefusals } from '../timeline/refusals.ts';
import { positionOf } from '../timeline/stream-position.ts';
import type { Timeline } from '../timeline/timeline.ts';
import { TimelineFeed } from '../timeline/timeline-feed.ts';
import { FollowQuery, GatewayEvents, KernelEvents, Overview } from './event-schemas.ts';
import { checkListing } from './kernels.ts';
import { refuseOtherMethods } from './resource.ts';
import { ERRORS, KernelId, NoContent } from './schemas.ts';

const tags = ['events'];
const STREAM = 'with "Accept: text/event-stream" or ?follow=true as server-sent events';

export function eventRoutes(app: App, services: Services): void {
  const { timelines } = services;
  const streams = new Set<EventStream>();
  followRefusals(app, timelines.board);
  app.addHook('preClose', async () => {
    for (const stream of streams) stream.finish();
  });

  const follow = (reply: FastifyReply, feed: Feed) => {
    const stream = new EventStream(feed);
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
    return reply.headers(STREAM_HEADERS).send(stream);
  };

  /** A client that comes back after the end, as browsers do, is told by 204 to stay away. */
  const answer = (request: FastifyRequest, reply: FastifyReply, timeline: Timeline, head: object) => {
    if (!wantsStream(request)) return reply.type('application/json').send(historyOf(timeline, head));
    const position = positionOf(timelines.run, request.headers['last-event-id']);
    const hasSeenTheEnd = timeline.ending !== null && position === timeline.log.lastId;
    if (hasSeenTheEnd) return reply.code(204).send(null);
    return follow(reply, new TimelineFeed({ run: timelines.run, timeline, head, now: Date.now }, position));
  };

  app.get(
    '/api/kernels/:kernelId/events',
    {
      schema: {
        tags,
        summary: `What happened to a kernel, also to one that has ended; ${STREAM}`,
        params: KernelId,
        querystring: FollowQuery,
        response: { 200: KernelEvents, 204: NoContent, ...ERRORS },
      },
    },
    (request, reply) => {
      const kernel = timelines.find(request.params.kernelId);
      if (kernel === undefined) throw unknownKernel(request.params.kernelId);
      const { kernelId, kernelName, username, timeline } = kernel;
      return answer(request, reply, timeline, { kernel_id: kernelId, kernel_name: kernelName, username });
    },
  );
  refuseOtherMethods(app, '/api/kernels/:kernelId/events', ['GET']);

  app.get(
    '/api/events',
    {
      schema: {
        tags,
        summary: `What happened to the gateway; ${STREAM}`,
        querystring: FollowQuery,
        response: { 200: GatewayEvents, 204: NoContent, ...ERRORS },
      },
    },
    (request, reply) => {
      checkListing(services);
      return answer(request, reply, timelines.gateway.timeline, {});
    },
  );
  refuseOtherMethods(app, '/api/events', ['GET']);

  app.get(
    '/api/timeline',
    {
      schema: {
        tags,
        summary: `All kernels, those that have ended of late, and launches that were refused; ${STREAM}`,
        querystring: FollowQuery,
        response: { 200: Overview, ...ERRORS },
      },
    },
    (request, reply) => {
      checkListing(services);
      if (!wantsStream(request)) return reply.send(timelines.board.overview());
      const position = positionOf(timelines.run, request.headers['last-event-id']);
      return follow(reply, new OverviewFeed(timelines.run, timelines.board, position));
    },
  );
  refuseOtherMethods(app, '/api/timeline', ['GET']);
}

/** HEAD is answered by what has an end. */
function wantsStream({ method, headers, query }: FastifyRequest): boolean {
  const { follow } = query as { follow?: 'true' | 'false' };
  if (method === 'HEAD' || follow === 'false') return false;
  return follow === 'true' || /\btext\/event-stream\b/i.test(headers.accept ?? '');
}

/** The events are JSON already. */
function historyOf(timeline: Timeline, head: object): string {
  const { log, ending, phases } = timeline;
  const rest = { ...head, outcome: ending, dropped: log.dropped, phases: phases.list(Date.now()) };
  const events = log.after(0).map(({ json }) => json);
  return `${JSON.stringify(rest).slice(0, -1)},"events":[${events.join(',')}]}`;
}
