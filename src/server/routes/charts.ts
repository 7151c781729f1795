/** The statecharts by which kernels and the gateway live, made from the machines themselves. */
import { chartDefinition } from '../../machines/chart-definition.ts';
import type { App } from '../fastify-app.ts';
import { HttpError, printable } from '../http-error.ts';
import { charts } from '../timeline/charts.ts';
import { Chart, ChartName } from './event-schemas.ts';
import { refuseOtherMethods } from './resource.ts';
import { ERRORS } from './schemas.ts';

export function chartRoutes(app: App): void {
  app.get(
    '/api/charts/:chart',
    {
      schema: {
        tags: ['events'],
        summary: 'The statechart of a kernel, or of the gateway',
        params: ChartName,
        response: { 200: Chart, ...ERRORS },
      },
    },
    (request) => {
      const machine = charts.find(({ id }) => id === request.params.chart);
      if (machine !== undefined) return chartDefinition(machine);
      throw new HttpError(
        404,
        `Chart does not exist: ${printable(request.params.chart)}`,
        `There are: ${charts.map(({ id }) => id).join(', ')}.`,
      );
    },
  );
  refuseOtherMethods(app, '/api/charts/:chart', ['GET']);
}
