import { expect, test } from 'vitest';
import { podConditionOf } from '../../../src/adapters/kubernetes/pod-condition.ts';
import { eventWith, podWith } from './recorded-pods.ts';

function failureOf(message: string, image = 'example.com/kernel-py:1', reason = 'ErrImagePull') {
  const pod = podWith({
    spec: { nodeName: 'node1', containers: [{ name: 'kernel', image }] },
    status: { containerStatuses: [{ name: 'kernel', state: { waiting: { reason, message } } }] },
  });
  const condition = podConditionOf(pod, []);
  if (condition.state !== 'failed') throw new Error('the image was not given up');
  return condition.failure;
}

test.each([
  [
    'Docker Hub, no such repository',
    'failed to pull and unpack image "docker.io/library/nope:1": failed to resolve reference "docker.io/library/nope:1": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'there is no such image in its registry, or it needs credentials',
  ],
  [
    'CRI-O, no such tag',
    'reading manifest 9 in registry.example.com/kernel-py: manifest unknown',
    'not found in its registry',
  ],
  [
    'a token that the registry refuses',
    'failed to authorize: failed to fetch oauth token: unexpected status: 403 Forbidden',
    'its registry wants credentials, or refuses those that it was given (403 Forbidden)',
  ],
  [
    'too many pulls',
    'failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/a/manifests/sha256:1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
    'its registry allows no more pulls for now',
  ],
  [
    'a registry behind a wall',
    'failed to do request: Head "https://example.com/v2/a/manifests/1": dial tcp 192.0.2.1:443: i/o timeout',
    'its registry cannot be reached (dial tcp 192.0.2.1:443: i/o timeout)',
  ],
  [
    'a certificate of its own',
    'failed to do request: Head "https://example.com/v2/a/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    "its registry's certificate is not trusted by the node (tls: failed to verify certificate: x509: certificate signed by unknown authority)",
  ],
  [
    'another processor',
    'failed to unpack image on snapshotter overlayfs: no match for platform in manifest: not found',
    "it is not built for the node's kind of processor (no match for platform in manifest: not found)",
  ],
  [
    'a full disk',
    'failed to extract layer: write /var/lib/x: no space left on device',
    "the node's disk is full",
  ],
  ['what nobody has seen before', 'the dog ate it', 'the dog ate it'],
])('the reason of a pull that fails is named: %s', (_, message, reason) => {
  expect(failureOf(message)).toMatchObject({
    code: 'IMAGE_PULL_FAILED',
    message: `Image example.com/kernel-py:1 cannot be pulled: ${reason}.`,
  });
});

test('words in the name of an image are not taken for the reason', () => {
  const image = 'example.com/certificate-denied/x509:429';
  expect(failureOf(`failed to resolve reference "${image}": ${image}: not found`, image).message).toBe(
    `Image ${image} cannot be pulled: not found in its registry.`,
  );
});

test('a registry that cannot be reached is given up under any name that the kubelet has for it', () => {
  expect(failureOf('', 'example.com/a:1', 'RegistryUnavailable').code).toBe('IMAGE_PULL_FAILED');
});

test('a back-off that does not say what happened is explained by the event before it', () => {
  const pod = podWith({
    spec: { nodeName: 'node1', containers: [{ name: 'kernel', image: 'example.com/nope:1' }] },
    status: {
      containerStatuses: [
        {
          name: 'kernel',
          state: {
            waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "example.com/nope:1"' },
          },
        },
      ],
    },
  });
  const event = eventWith({
    reason: 'Failed',
    message:
      'Failed to pull image "example.com/nope:1": rpc error: code = NotFound desc = failed to resolve reference "example.com/nope:1": example.com/nope:1: not found',
    fieldPath: 'spec.containers{kernel}',
  });
  expect(podConditionOf(pod, [event])).toMatchObject({
    failure: { message: 'Image example.com/nope:1 cannot be pulled: not found in its registry.' },
  });
  expect(podConditionOf(pod, [])).toMatchObject({
    failure: { message: 'Image example.com/nope:1 cannot be pulled.' },
  });
});
