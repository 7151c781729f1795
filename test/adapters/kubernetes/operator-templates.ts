/** Templates of pods as operators have them, in the styles of several years. */

/** From the days when the container's variables were still called EG_*. */
export const OLDER_POD = `
apiVersion: v1
kind: Pod
metadata:
  name: "{{ kernel_pod_name }}"
  namespace: "{{ kernel_namespace }}"
  labels:
    kernel_id: "{{ kernel_id }}"
    app: enterprise-gateway
    component: kernel
spec:
  restartPolicy: Never
  serviceAccountName: "{{ kernel_service_account_name }}"
{% if kernel_uid is defined or kernel_gid is defined %}
  securityContext:
    {% if kernel_uid is defined %}
    runAsUser: {{ kernel_uid | int }}
    {% endif %}
    {% if kernel_gid is defined %}
    runAsGroup: {{ kernel_gid | int }}
    {% endif %}
    fsGroup: 100
{% endif %}
  containers:
  - env:
    - name: EG_RESPONSE_ADDRESS
      value: "{{ eg_response_address }}"
    - name: EG_PUBLIC_KEY
      value: "{{ eg_public_key }}"
    - name: KERNEL_LANGUAGE
      value: "{{ kernel_language }}"
    - name: KERNEL_SPARK_CONTEXT_INIT_MODE
      value: "{{ kernel_spark_context_init_mode }}"
    - name: KERNEL_NAME
      value: "{{ kernel_name }}"
    - name: KERNEL_USERNAME
      value: "{{ kernel_username }}"
    - name: KERNEL_ID
      value: "{{ kernel_id }}"
    - name: KERNEL_NAMESPACE
      value: "{{ kernel_namespace }}"
    image: "{{ kernel_image }}"
    name: "{{ kernel_pod_name }}"
`;

const RESOURCES = `
    {% if kernel_cpus is defined or kernel_memory is defined or kernel_gpus is defined or kernel_cpus_limit is defined or kernel_memory_limit is defined or kernel_gpus_limit is defined %}
    resources:
      {% if kernel_cpus is defined or kernel_memory is defined or kernel_gpus is defined %}
      requests:
        {% if kernel_cpus is defined %}
        cpu: "{{ kernel_cpus }}"
        {% endif %}
        {% if kernel_memory is defined %}
        memory: "{{ kernel_memory }}"
        {% endif %}
        {% if kernel_gpus is defined %}
        nvidia.com/gpu: "{{ kernel_gpus }}"
        {% endif %}
      {% endif %}
      {% if kernel_cpus_limit is defined or kernel_memory_limit is defined or kernel_gpus_limit is defined %}
      limits:
        {% if kernel_cpus_limit is defined %}
        cpu: "{{ kernel_cpus_limit }}"
        {% endif %}
        {% if kernel_memory_limit is defined %}
        memory: "{{ kernel_memory_limit }}"
        {% endif %}
        {% if kernel_gpus_limit is defined %}
        nvidia.com/gpu: "{{ kernel_gpus_limit }}"
        {% endif %}
      {% endif %}
    {% endif %}`;

/** With resources, volumes, more shared memory, and where to be scheduled. */
export const NEWER_POD = `
apiVersion: v1
kind: Pod
metadata:
  name: {{ kernel_pod_name | yaml_safe }}
  namespace: {{ kernel_namespace | yaml_safe }}
  labels:
    kernel_id: {{ kernel_id | yaml_safe }}
    app: enterprise-gateway
    component: kernel
    source: kernel-pod.yaml
    team: "{{ kernel_team | default('none') }}"
spec:
  restartPolicy: Never
  serviceAccountName: {{ kernel_service_account_name | yaml_safe }}
  nodeSelector:
    pool: kernels
  tolerations:
  - {key: kernels, operator: Exists, effect: NoSchedule}
  securityContext:
    runAsUser: {{ kernel_uid | int }}
    runAsGroup: {{ kernel_gid | int }}
    fsGroup: 100
  containers:
  - image: {{ kernel_image | yaml_safe }}
    name: {{ kernel_pod_name | yaml_safe }}
    env:
# Add any custom envs here that aren't already configured for the kernel's environment
#    - name: MY_CUSTOM_ENV
#      value: "my_custom_value"
${RESOURCES}
    {% if kernel_working_dir is defined %}
    workingDir: {{ kernel_working_dir | yaml_safe }}
    {% endif %}
    volumeMounts:
    # The same for every kernel
    - mountPath: /dev/shm
      name: dshm
    # The client's
    {% if kernel_volume_mounts %}
      {% for volume_mount in kernel_volume_mounts %}
    - {{ volume_mount | yaml_safe }}
      {% endfor %}
    {% endif %}
  volumes:
  - name: dshm
    emptyDir:
      medium: Memory
  {% if kernel_volumes %}
    {% for volume in kernel_volumes %}
  - {{ volume }}
    {% endfor %}
  {% endif %}
`;

/** Nothing but what a client asks for; its blocks are empty when that is nothing. */
export const BARE_POD = `
apiVersion: v1
kind: Pod
metadata:
  name: "{{ kernel_pod_name }}"
spec:
  securityContext: {runAsUser: {{ kernel_uid }}}
  containers:
  - image: "{{ kernel_image }}"
    name: kernel
    env:
    volumeMounts:
    {% for volume_mount in kernel_volume_mounts %}
    - {{ volume_mount }}
    {% endfor %}
  volumes:
  {% for volume in kernel_volumes %}
  - {{ volume }}
  {% endfor %}
`;

/** Storage and configuration for each kernel, in an order of its own. */
export const SEVERAL_OBJECTS = `
apiVersion: v1
kind: Service
metadata:
  name: "{{ kernel_pod_name }}"
spec:
  clusterIP: None
  selector: {kernel_id: "{{ kernel_id }}"}
---
${BARE_POD}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: "{{ kernel_pod_name }}-settings"
  labels: {kernel_id: mine, team: data}
data:
  user: "{{ kernel_username }}"
  settings.py: |
    user = {{ kernel_username | tojson }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: "home-{{ kernel_pod_name }}"
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
---
apiVersion: v1
kind: PersistentVolume
metadata:
  name: "{{ kernel_pod_name }}"
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteMany]
  nfs: {server: files.example, path: "/home/{{ kernel_username }}"}
---
apiVersion: v1
kind: Secret
metadata: {name: "{{ kernel_pod_name }}"}
stringData: {}
`;
