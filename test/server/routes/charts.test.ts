import { expect, it } from 'vitest';
import { type ChartState, statesOf } from '../../../src/machines/chart-definition.ts';
import { testGateway } from '../test-gateway.ts';
import { launched } from './launch.ts';

it('a chart has every state that the timelines name, and every event that led to one', async () => {
  const gateway = await testGateway();
  const id = await launched(gateway);
  await gateway.app.inject({ method: 'DELETE', url: `/api/kernels/${id}` });
  const { events } = (await gateway.app.inject(`/api/kernels/${id}/events`)).json();
  const { root }: { root: ChartState } = (await gateway.app.inject('/api/charts/kernel')).json();
  const states = statesOf(root);
  const ids = new Set(states.map((state) => state.id));
  const known = new Set(states.flatMap(({ transitions }) => transitions.map(({ event }) => event)));
  for (const { phase, event } of events) {
    expect(ids).toContain(phase);
    if (event.type !== 'xstate.init') expect(known).toContain(event.type);
  }
});

it.each(['kernel', 'gateway'])('there is a chart of the %s', async (name) => {
  const { app } = await testGateway();
  const response = await app.inject(`/api/charts/${name}`);
  expect(response.json()).toMatchObject({ id: name, root: { id: name, type: 'compound' } });
});

it('there is none of anything else', async () => {
  const { app } = await testGateway();
  const response = await app.inject('/api/charts/weather');
  expect(response.statusCode).toBe(404);
  expect(response.json()).toMatchObject({
    message: 'Chart does not exist: weather',
    reason: 'There are: kernel, gateway.',
  });
});
