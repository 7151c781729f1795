import { describe, expect, test } from 'vitest';
import { isInCluster, launchTargetOf } from '../../src/machines/launch-target.ts';

const MODULES = 'enterprise_gateway.services.processproxies';

describe('kernels run', () => {
  test.each([
    ['', 'local'],
    ['LocalProcessProxy', 'local'],
    [`${MODULES}.processproxy.LocalProcessProxy`, 'local'],
    ['KubernetesProcessProxy', 'kubernetes'],
    [`${MODULES}.k8s.KubernetesProcessProxy`, 'kubernetes'],
    [`${MODULES}.spark_operator.SparkOperatorProcessProxy`, 'spark-operator'],
    [`${MODULES}.crd.CustomResourceProcessProxy`, 'spark-operator'],
    [`${MODULES}.docker_swarm.DockerProcessProxy`, 'other'],
    [`${MODULES}.yarn.YarnClusterProcessProxy`, 'other'],
    ['MyKubernetesProcessProxy', 'other'],
    ['KubernetesProcessProxy.', 'other'],
    ['my.constructor', 'other'],
    ['__proto__', 'other'],
  ])('for class %j: %s', (className, target) => {
    expect(launchTargetOf(className)).toBe(target);
  });

  test('in pods where Kubernetes or its Spark operator makes them', () => {
    const classes = ['KubernetesProcessProxy', 'x.SparkOperatorProcessProxy', '', 'DockerProcessProxy'];
    expect(classes.map(isInCluster)).toEqual([true, true, false, false]);
  });
});
