import type { testGateway } from '../test-gateway.ts';

type Gateway = Awaited<ReturnType<typeof testGateway>>;

/** Asks for a kernel; a body that is no text is sent as JSON. */
export function launch({ app }: Pick<Gateway, 'app'>, body?: unknown, headers: Record<string, string> = {}) {
  const payload =
    body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) };
  return app.inject({ method: 'POST', url: '/api/kernels', headers, ...payload });
}

/** The id of a kernel that runs. */
export async function launched(gateway: Gateway): Promise<string> {
  return (await launch(gateway)).json().id;
}
