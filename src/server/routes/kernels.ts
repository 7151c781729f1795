/** `/api/kernels`: launching kernels, and what can be asked of one. */
import type { FastifyRequest } from 'fastify';
import type { App } from '../fastify-app.ts';
import { HttpError } from '../http-error.ts';
import type { KernelModel } from '../kernels.ts';
import { defaultKernelName, launchableKernelspec } from '../kernelspec-access.ts';
import type { Services } from '../services.ts';
import { refuseOtherMethods } from './resource.ts';
import { ERRORS, Kernel, KernelId, KernelList, LaunchBody, NoContent } from './schemas.ts';

const tags = ['kernels'];

export function kernelRoutes(app: App, services: Services): void {
  const { kernels } = services;

  app.get(
    '/api/kernels',
    { schema: { tags, summary: 'List all kernels', response: { 200: KernelList, ...ERRORS } } },
    () => {
      checkListing(services);
      return kernels.list();
    },
  );

  app.post(
    '/api/kernels',
    { schema: { tags, summary: 'Launch a kernel', body: LaunchBody, response: { 201: Kernel, ...ERRORS } } },
    async (request, reply) => {
      const { name, env } = request.body ?? {};
      const model = await launch(services, request, name ?? undefined, env);
      return reply.code(201).header('location', `${app.prefix}/api/kernels/${model.id}`).send(model);
    },
  );
  refuseOtherMethods(app, '/api/kernels', ['GET', 'POST']);

  app.get(
    '/api/kernels/:kernelId',
    { schema: { tags, summary: 'One kernel', params: KernelId, response: { 200: Kernel, ...ERRORS } } },
    (request) => kernels.model(request.params.kernelId),
  );

  app.delete(
    '/api/kernels/:kernelId',
    {
      schema: {
        tags,
        summary: 'Shut a kernel down',
        params: KernelId,
        response: { 204: NoContent, ...ERRORS },
      },
    },
    async (request, reply) => {
      await kernels.shutdown(request.params.kernelId);
      return reply.code(204).send(null);
    },
  );
  refuseOtherMethods(app, '/api/kernels/:kernelId', ['GET', 'DELETE']);

  app.post(
    '/api/kernels/:kernelId/interrupt',
    {
      schema: {
        tags,
        summary: 'Interrupt a kernel',
        params: KernelId,
        response: { 204: NoContent, ...ERRORS },
      },
    },
    async (request, reply) => {
      await kernels.interrupt(request.params.kernelId);
      return reply.code(204).send(null);
    },
  );
  refuseOtherMethods(app, '/api/kernels/:kernelId/interrupt', ['POST']);

  app.post(
    '/api/kernels/:kernelId/restart',
    { schema: { tags, summary: 'Restart a kernel', params: KernelId, response: { 200: Kernel, ...ERRORS } } },
    (request) => kernels.restart(request.params.kernelId),
  );
  refuseOtherMethods(app, '/api/kernels/:kernelId/restart', ['POST']);
}

/** @throws HttpError 403 unless `EG_LIST_KERNELS` */
export function checkListing({ settings }: Services): void {
  if (settings().listKernels) return;
  throw new HttpError(
    403,
    'Listing is turned off at this gateway.',
    'The operator can turn it on by EG_LIST_KERNELS.',
  );
}

/** Launches the kernelspec `name`, or the default one. */
export async function launch(
  services: Services,
  request: FastifyRequest,
  name: string | undefined,
  env: unknown,
): Promise<KernelModel> {
  try {
    const kernelspec = await launchableKernelspec(services, name || defaultKernelName(services));
    return await services.kernels.launch(kernelspec, { env, headers: kernelHeaders(services, request) });
  } catch (error) {
    services.metrics.lives.notLaunched(error);
    throw error;
  }
}

/** The request headers that `EG_KERNEL_HEADERS` names. */
function kernelHeaders({ settings }: Services, { headers }: FastifyRequest): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of settings().kernelHeaders) {
    const value = headers[name.toLowerCase()];
    if (typeof value === 'string') kept[name] = value;
  }
  return kept;
}
