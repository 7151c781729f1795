import { expect, it } from 'vitest';
import { OverviewFeed } from '../../../src/server/timeline/overview-feed.ts';
import { RecordedGateway } from './recorded-gateway.ts';

/** The types of the events that are told next. */
function told(feed: OverviewFeed): string[] {
  return [...feed.next().matchAll(/^event: (.*)$/gm)].map(([, type]) => type as string);
}

function feedOf({ timelines }: RecordedGateway): OverviewFeed {
  return new OverviewFeed(timelines.run, timelines.board, null);
}

it('a slow client is told each kernel once, as it is by then', async () => {
  const gateway = new RecordedGateway();
  const feed = feedOf(gateway);
  expect(told(feed)).toEqual(['overview']);
  const ids = [await gateway.running(), await gateway.running()];
  for (let times = 0; times < 50; times += 1) {
    await gateway.channel(ids[0] as string, { type: 'heartbeat.lost' });
    await gateway.channel(ids[0] as string, { type: 'heartbeat.restored' });
  }
  expect(told(feed)).toEqual(['kernel', 'kernel']);
  expect(told(feed)).toEqual([]);
});

it('a kernel that came and went meanwhile is told of as ended', async () => {
  const gateway = new RecordedGateway();
  const feed = feedOf(gateway);
  feed.next();
  await gateway.failed();
  expect(told(feed)).toEqual(['removed']);
});

it('a client that missed more than is known is told so, and then all that is', async () => {
  const gateway = new RecordedGateway();
  const feed = feedOf(gateway);
  feed.next();
  for (let times = 0; times < 201; times += 1) await gateway.failed();
  expect(told(feed)).toEqual(['reset', 'overview']);
});

it('refused launches are kept, but no more than 50', () => {
  const { timelines } = new RecordedGateway();
  const refusal = { kernel_name: null, username: null, code: 'X', hint: '' };
  for (let number = 1; number <= 60; number += 1)
    timelines.board.refused({ ...refusal, message: `${number}` });
  const { refused } = timelines.board.overview();
  expect(refused.map(({ message }) => Number(message))).toEqual(
    Array.from({ length: 50 }, (_, index) => 60 - index),
  );
});

it('the gateway that stops is told of', () => {
  const gateway = new RecordedGateway();
  const feed = feedOf(gateway);
  feed.next();
  gateway.actor.send({ type: 'drain', leave: false });
  expect(told(feed)).toEqual(['gateway']);
});
