/**
 * Every option of Kernelgate, and every option of Enterprise Gateway that
 * Kernelgate does not have. The parsers, the validation, `--help`,
 * `--show-config`, `--generate-config` and `docs/configuration.md` are all
 * made from this table: a new option is a new entry here, and nothing else.
 */
import { blankIsUnset, bool, choice, matching, optional, text } from './codec.ts';
import { kubernetesOptions } from './kubernetes-options.ts';
import { integerList, kernelNames, list } from './list-codecs.ts';
import { integer, oneOf, portRange, seconds, secondsOrOff } from './number-codecs.ts';
import { refused, setting, withoutEffect } from './option.ts';
import { app, application, kernels, sessions, specCache, specs, webhook } from './option-classes.ts';
import { path } from './path-codec.ts';

/** What may stand in an HTTP header. */
const headerText = () => matching(/^[\x20-\x7e]*$/, 'printable ASCII text, as a header carries it');
const variableNames = () => list(/^[^\s=]+$/, 'names of environment variables, separated by commas');
const userIds = () => integerList('whole numbers from 0, separated by commas');
const count = (min: number) => integer({ min });
const bytes = (min: number) => integer({ min, max: 2 ** 31 - 1 });

const listening = 'Listening';
const access = 'Access';
const cors = 'Cross-origin requests';
const limits = 'Users and limits';
const launching = 'Kernels';
const culling = 'Culling';
const traffic = 'WebSockets and sizes';
const ports = 'Kernel ports';
const persistence = 'Persistence';
const running = 'Running the gateway';

const notRemote = 'kernels are not started on other hosts';
const noPolling = 'nothing is polled for it';
const notPluggable = 'classes of Python cannot be plugged in';
const noWebhook = 'sessions cannot be kept by a webhook; they are kept in files, under EG_PERSISTENCE_ROOT';

export const optionTable = {
  // Listening
  ip: setting({
    group: listening,
    doc: 'Address to listen on; * means every IPv4 address.',
    codec: blankIsUnset(
      matching(/^(\*|[\w.:%-]+)$/, 'an IP address or host name, or *', (ip) => (ip === '*' ? '0.0.0.0' : ip)),
    ),
    fallback: '127.0.0.1',
    env: ['EG_IP'],
    deprecatedEnv: ['KG_IP'],
    traits: [app('ip')],
    flag: 'ip',
  }),
  port: setting({
    group: listening,
    doc: 'Port to listen on; 0 lets the system choose one.',
    codec: integer({ min: 0, max: 65535 }),
    fallback: 8888,
    env: ['EG_PORT'],
    deprecatedEnv: ['KG_PORT'],
    traits: [app('port')],
    flag: 'port',
  }),
  portRetries: setting({
    group: listening,
    doc: 'How many other ports are tried when the port is taken.',
    codec: count(0),
    fallback: 50,
    env: ['EG_PORT_RETRIES'],
    deprecatedEnv: ['KG_PORT_RETRIES'],
    traits: [app('port_retries')],
    flag: 'port_retries',
  }),
  baseUrl: setting({
    group: listening,
    doc: 'Path under which every route lies.',
    codec: matching(
      /^(\/?[\w.~%!$&'()*+,;=:@-]+)*\/?$/,
      'a path such as /gateway',
      (given) => `/${given.replace(/^\/|\/$/g, '')}`,
    ),
    fallback: '/',
    env: ['EG_BASE_URL'],
    deprecatedEnv: ['KG_BASE_URL'],
    traits: [app('base_url')],
  }),
  trustXheaders: setting({
    group: listening,
    doc: 'Believe the X-Forwarded headers of a proxy in front.',
    codec: bool(),
    fallback: false,
    env: ['EG_TRUST_XHEADERS'],
    deprecatedEnv: ['KG_TRUST_XHEADERS'],
    traits: [app('trust_xheaders')],
  }),
  certfile: setting({
    group: listening,
    doc: 'TLS certificate (PEM); with it, the gateway speaks https only.',
    codec: optional(path()),
    fallback: null,
    env: ['EG_CERTFILE'],
    deprecatedEnv: ['KG_CERTFILE'],
    traits: [app('certfile')],
    flag: 'certfile',
    exists: 'file',
  }),
  keyfile: setting({
    group: listening,
    doc: 'Private key of the TLS certificate (PEM); may be left out when certfile holds it too.',
    codec: optional(path()),
    fallback: null,
    env: ['EG_KEYFILE'],
    deprecatedEnv: ['KG_KEYFILE'],
    traits: [app('keyfile')],
    flag: 'keyfile',
    exists: 'file',
  }),
  clientCa: setting({
    group: listening,
    doc: 'Certificate authority (PEM) that must have signed every client certificate.',
    codec: optional(path()),
    fallback: null,
    env: ['EG_CLIENT_CA'],
    deprecatedEnv: ['KG_CLIENT_CA'],
    traits: [app('client_ca')],
    flag: 'client-ca',
    exists: 'file',
  }),
  sslVersion: setting({
    group: listening,
    doc: 'TLS version, as a number of the Python module ssl: 5 for TLS 1.2 only, 2 or 17 for the best that both sides speak.',
    codec: optional(
      oneOf(
        [2, 5, 17],
        '5 (TLS 1.2), 2 or 17 (the best that both sides speak); older versions are not offered',
      ),
    ),
    fallback: null,
    env: ['EG_SSL_VERSION'],
    deprecatedEnv: ['KG_SSL_VERSION'],
    traits: [app('ssl_version')],
    flag: 'ssl_version',
  }),

  // Access
  authToken: setting({
    group: access,
    doc: 'Token that every request must carry; empty means that none is asked for.',
    codec: headerText(),
    fallback: '',
    env: ['EG_AUTH_TOKEN'],
    deprecatedEnv: ['KG_AUTH_TOKEN'],
    traits: [app('auth_token')],
    secret: true,
    reloadable: true,
  }),
  authorizedOrigin: setting({
    group: access,
    doc: 'Host name that the certificate of every client must carry; needs client_ca.',
    codec: matching(/^[\w.-]*$/, 'a host name'),
    fallback: '',
    env: ['EG_AUTHORIZED_ORIGIN'],
    traits: [app('authorized_origin')],
  }),
  allowCredentials: setting({
    group: cors,
    doc: 'Value of Access-Control-Allow-Credentials.',
    codec: headerText(),
    fallback: '',
    env: ['EG_ALLOW_CREDENTIALS'],
    deprecatedEnv: ['KG_ALLOW_CREDENTIALS'],
    traits: [app('allow_credentials')],
    reloadable: true,
  }),
  allowHeaders: setting({
    group: cors,
    doc: 'Value of Access-Control-Allow-Headers.',
    codec: headerText(),
    fallback: '',
    env: ['EG_ALLOW_HEADERS'],
    deprecatedEnv: ['KG_ALLOW_HEADERS'],
    traits: [app('allow_headers')],
    reloadable: true,
  }),
  allowMethods: setting({
    group: cors,
    doc: 'Value of Access-Control-Allow-Methods.',
    codec: headerText(),
    fallback: '',
    env: ['EG_ALLOW_METHODS'],
    deprecatedEnv: ['KG_ALLOW_METHODS'],
    traits: [app('allow_methods')],
    reloadable: true,
  }),
  allowOrigin: setting({
    group: cors,
    doc: 'Value of Access-Control-Allow-Origin; also the origin from which browsers may connect, * for any.',
    codec: headerText(),
    fallback: '',
    env: ['EG_ALLOW_ORIGIN'],
    deprecatedEnv: ['KG_ALLOW_ORIGIN'],
    traits: [app('allow_origin')],
    reloadable: true,
  }),
  exposeHeaders: setting({
    group: cors,
    doc: 'Value of Access-Control-Expose-Headers.',
    codec: headerText(),
    fallback: '',
    env: ['EG_EXPOSE_HEADERS'],
    deprecatedEnv: ['KG_EXPOSE_HEADERS'],
    traits: [app('expose_headers')],
    reloadable: true,
  }),
  maxAge: setting({
    group: cors,
    doc: 'Value of Access-Control-Max-Age, in seconds.',
    codec: matching(/^\s*(-?\d+)?\s*$/, 'a whole number of seconds, or empty', (given) => given.trim()),
    fallback: '',
    env: ['EG_MAX_AGE'],
    deprecatedEnv: ['KG_MAX_AGE'],
    traits: [app('max_age')],
    reloadable: true,
  }),

  // Users and limits
  maxKernels: setting({
    group: limits,
    doc: 'How many kernels may run at a time; none means as many as are asked for, 0 allows no kernel.',
    codec: optional(count(0)),
    fallback: null,
    env: ['EG_MAX_KERNELS'],
    deprecatedEnv: ['KG_MAX_KERNELS'],
    traits: [app('max_kernels')],
    reloadable: true,
  }),
  maxKernelsPerUser: setting({
    group: limits,
    doc: 'How many kernels one user may run at a time; -1 means no limit, 0 allows no kernel.',
    codec: count(-1),
    fallback: -1,
    env: ['EG_MAX_KERNELS_PER_USER'],
    traits: [app('max_kernels_per_user')],
    reloadable: true,
  }),
  authorizedUsers: setting({
    group: limits,
    doc: 'Users (KERNEL_USERNAME) who may start kernels; empty means everyone who is not unauthorized.',
    codec: list(),
    fallback: [],
    env: ['EG_AUTHORIZED_USERS'],
    traits: [app('authorized_users')],
    reloadable: true,
  }),
  unauthorizedUsers: setting({
    group: limits,
    doc: 'Users (KERNEL_USERNAME) who may not start kernels, whatever authorized_users says.',
    codec: list(),
    fallback: ['root'],
    env: ['EG_UNAUTHORIZED_USERS'],
    traits: [app('unauthorized_users')],
    reloadable: true,
  }),
  prohibitedUids: setting({
    group: limits,
    doc: 'User ids that no pod of a kernel may run as, whoever asks for it.',
    codec: userIds(),
    fallback: [0],
    env: ['EG_PROHIBITED_UIDS'],
    traits: [app('prohibited_uids')],
    reloadable: true,
  }),
  prohibitedGids: setting({
    group: limits,
    doc: 'Group ids that no pod of a kernel may run with, whoever asks for it.',
    codec: userIds(),
    fallback: [0],
    env: ['EG_PROHIBITED_GIDS'],
    traits: [app('prohibited_gids')],
    reloadable: true,
  }),
  listKernels: setting({
    group: limits,
    doc: 'Allow GET /api/kernels and /api/sessions, which notebook servers need (Enterprise Gateway: false).',
    codec: bool(),
    fallback: true,
    env: ['EG_LIST_KERNELS'],
    deprecatedEnv: ['KG_LIST_KERNELS'],
    traits: [app('list_kernels')],
    reloadable: true,
  }),

  // Kernels
  defaultKernelName: setting({
    group: launching,
    doc: 'Kernel that is started when a request names none.',
    codec: blankIsUnset(
      matching(/^[\w.-]*$/, 'the name of a kernelspec', (name) => name.toLowerCase() || 'python3'),
    ),
    fallback: 'python3',
    env: ['EG_DEFAULT_KERNEL_NAME'],
    deprecatedEnv: ['KG_DEFAULT_KERNEL_NAME'],
    traits: [app('default_kernel_name'), kernels('default_kernel_name')],
    reloadable: true,
  }),
  allowedKernels: setting({
    group: launching,
    doc: 'Kernelspecs that are listed and may be started (Enterprise Gateway: listed only); null or empty means all.',
    codec: kernelNames(),
    fallback: null,
    env: ['EG_ALLOWED_KERNELS'],
    deprecatedEnv: ['EG_KERNEL_WHITELIST'],
    traits: [specs('allowed_kernelspecs')],
    deprecatedTraits: [specs('whitelist')],
    reloadable: true,
  }),
  ensureNativeKernel: setting({
    group: launching,
    doc: 'Offer a python3 kernel although no kernelspec of that name is installed.',
    codec: bool(),
    fallback: true,
    env: ['EG_ENSURE_NATIVE_KERNEL'],
    traits: [specs('ensure_native_kernel')],
  }),
  kernelspecCacheEnabled: setting({
    group: launching,
    doc: 'Watch the kernelspec directories instead of looking at them on every request.',
    codec: bool(),
    fallback: false,
    env: ['EG_KERNELSPEC_CACHE_ENABLED'],
    traits: [specCache('cache_enabled')],
  }),
  clientEnvs: setting({
    group: launching,
    doc: 'Variables that clients may set besides KERNEL_*; a single * allows any.',
    codec: variableNames(),
    fallback: [],
    env: ['EG_CLIENT_ENVS'],
    deprecatedEnv: ['EG_ENV_WHITELIST', 'KG_ENV_WHITELIST'],
    traits: [app('client_envs')],
    deprecatedTraits: [app('env_whitelist')],
    reloadable: true,
  }),
  inheritedEnvs: setting({
    group: launching,
    doc: "Variables of the gateway's own environment that kernels get.",
    codec: variableNames(),
    fallback: [],
    env: ['EG_INHERITED_ENVS'],
    deprecatedEnv: ['EG_ENV_PROCESS_WHITELIST', 'KG_ENV_PROCESS_WHITELIST'],
    traits: [app('inherited_envs')],
    deprecatedTraits: [app('env_process_whitelist')],
    reloadable: true,
  }),
  kernelHeaders: setting({
    group: launching,
    doc: 'Request headers that are kept with the launch of a kernel.',
    codec: list(/^[\w!#$%&'*+.^`|~-]+$/, 'names of HTTP headers, separated by commas'),
    fallback: [],
    env: ['EG_KERNEL_HEADERS'],
    traits: [app('kernel_headers')],
    reloadable: true,
  }),
  impersonationEnabled: setting({
    group: launching,
    doc: 'Passed to kernels as EG_IMPERSONATION_ENABLED.',
    codec: bool(),
    fallback: false,
    env: ['EG_IMPERSONATION_ENABLED'],
    traits: [app('impersonation_enabled')],
    reloadable: true,
  }),
  rootDir: setting({
    group: launching,
    doc: 'Directory in which kernels start; none means the one in which the gateway was started.',
    codec: optional(path()),
    fallback: null,
    env: ['EG_ROOT_DIR'],
    traits: [kernels('root_dir')],
    exists: 'directory',
  }),
  mirrorWorkingDirs: setting({
    group: launching,
    doc: 'Start a kernel in the directory that KERNEL_WORKING_DIR names; for one in a pod, a directory of its container.',
    codec: bool(),
    fallback: false,
    env: ['EG_MIRROR_WORKING_DIRS'],
    traits: [app('mirror_working_dirs')],
    reloadable: true,
  }),
  kernelLaunchTimeout: setting({
    group: launching,
    doc: 'Time that a launch may take when KERNEL_LAUNCH_TIMEOUT does not say otherwise.',
    codec: seconds({ min: 0.001 }),
    fallback: 30,
    env: ['EG_KERNEL_LAUNCH_TIMEOUT'],
    traits: [app('kernel_launch_timeout')],
    reloadable: true,
  }),
  kernelInfoTimeout: setting({
    group: launching,
    doc: 'Time that a launched kernel may take to answer its first kernel_info_request.',
    codec: seconds({ min: 0.001 }),
    fallback: 60,
    env: ['EG_KERNEL_INFO_TIMEOUT'],
    traits: [kernels('kernel_info_timeout')],
    reloadable: true,
  }),
  shutdownGrace: setting({
    group: launching,
    doc: 'Time that a kernel gets to end by itself before it is killed.',
    codec: seconds(),
    fallback: 5,
    env: ['EG_SHUTDOWN_GRACE'],
    traits: [app('shutdown_grace')],
    reloadable: true,
  }),

  // Culling
  cullIdleTimeout: setting({
    group: culling,
    doc: 'A kernel that was idle for so long is shut down; 0 turns culling off.',
    codec: secondsOrOff({ max: 1e9 }),
    fallback: 0,
    env: ['EG_CULL_IDLE_TIMEOUT'],
    traits: [kernels('cull_idle_timeout')],
    reloadable: true,
  }),
  cullInterval: setting({
    group: culling,
    doc: 'Time between two looks for idle kernels; 0 and less mean 300.',
    codec: secondsOrOff(),
    fallback: 300,
    env: ['EG_CULL_INTERVAL'],
    traits: [kernels('cull_interval')],
    reloadable: true,
  }),
  cullConnected: setting({
    group: culling,
    doc: 'Cull kernels although clients are connected.',
    codec: bool(),
    fallback: false,
    env: ['EG_CULL_CONNECTED'],
    traits: [kernels('cull_connected')],
    reloadable: true,
  }),
  cullBusy: setting({
    group: culling,
    doc: 'Cull kernels although they are busy.',
    codec: bool(),
    fallback: false,
    env: ['EG_CULL_BUSY'],
    traits: [kernels('cull_busy')],
    reloadable: true,
  }),

  // WebSockets and sizes
  wsPingInterval: setting({
    group: traffic,
    doc: 'Time between two pings on a WebSocket; 0 turns them off.',
    codec: secondsOrOff(),
    fallback: 30,
    env: ['EG_WS_PING_INTERVAL_SECS'],
    traits: [app('ws_ping_interval')],
    reloadable: true,
  }),
  wsMaxMessageSize: setting({
    group: traffic,
    doc: 'Bytes that one message of a client may have.',
    codec: bytes(1024),
    fallback: 67_108_864,
    env: ['EG_WS_MAX_MESSAGE_SIZE'],
    traits: [app('ws_max_message_size')],
  }),
  wsClientBufferSize: setting({
    group: traffic,
    doc: 'Bytes written ahead of a client before it counts as slow; what follows waits with the output for absent clients.',
    codec: bytes(1024),
    fallback: 4_194_304,
    env: ['EG_WS_CLIENT_BUFFER_SIZE'],
    traits: [app('ws_client_buffer_size')],
  }),
  wsReplayBufferSize: setting({
    group: traffic,
    doc: 'Bytes of output that are kept for each kernel while its clients are away or slow; all kernels together keep 16 times as much.',
    codec: bytes(0),
    fallback: 16_777_216,
    env: ['EG_WS_REPLAY_BUFFER_SIZE'],
    traits: [app('ws_replay_buffer_size')],
  }),
  bufferOfflineMessages: setting({
    group: traffic,
    doc: 'Keep the output of a kernel whose clients are away; false is the same as ws_replay_buffer_size 0.',
    codec: bool(),
    fallback: true,
    env: ['EG_BUFFER_OFFLINE_MESSAGES'],
    traits: [kernels('buffer_offline_messages')],
  }),
  maxBodySize: setting({
    group: traffic,
    doc: 'Bytes that the body of one request may have.',
    codec: bytes(1024),
    fallback: 10_485_760,
    env: ['EG_MAX_BODY_SIZE'],
    traits: [app('max_body_size')],
  }),
  zmqIoThreads: setting({
    group: traffic,
    doc: 'Threads that carry the messages of the kernels.',
    codec: integer({ min: 1, max: 64 }),
    fallback: 1,
    env: ['EG_ZMQ_IO_THREADS'],
    traits: [app('zmq_io_threads')],
  }),
  zmqMaxSockets: setting({
    group: traffic,
    doc: 'How many ZeroMQ sockets may be open; none means as many as are needed (Enterprise Gateway: 1023).',
    codec: optional(integer({ min: 1, max: 2 ** 31 - 1 })),
    fallback: null,
    env: ['EG_ZMQ_MAX_SOCKETS'],
    traits: [app('zmq_max_sockets')],
  }),

  // Kernel ports
  portRange: setting({
    group: ports,
    doc: 'Ports that kernels listen on, as lo..hi within 1024 to 65535; 0..0 leaves the choice open.',
    codec: portRange(),
    fallback: { low: 0, high: 0 },
    env: ['EG_PORT_RANGE'],
    traits: [app('port_range')],
    reloadable: true,
  }),
  minPortRangeSize: setting({
    group: ports,
    doc: 'How many ports a port range must span at least.',
    codec: integer({ min: 0, max: 65535 }),
    fallback: 1000,
    env: ['EG_MIN_PORT_RANGE_SIZE'],
    traits: [app('min_port_range_size')],
    reloadable: true,
  }),
  maxPortRangeRetries: setting({
    group: ports,
    doc: 'How often another port of the range is tried when one is taken.',
    codec: count(0),
    fallback: 5,
    env: ['EG_MAX_PORT_RANGE_RETRIES'],
    traits: [app('max_port_range_retries')],
    reloadable: true,
  }),

  ...kubernetesOptions,

  // Persistence
  sessionPersistence: setting({
    group: persistence,
    doc: 'Write down running kernels, so that a gateway that is started again goes on with them.',
    codec: bool(),
    fallback: false,
    env: ['EG_KERNEL_SESSION_PERSISTENCE'],
    traits: [sessions('enable_persistence')],
  }),
  persistenceRoot: setting({
    group: persistence,
    doc: 'Directory for that; none means the data directory of Jupyter.',
    codec: optional(path()),
    fallback: null,
    env: ['EG_PERSISTENCE_ROOT'],
    traits: [sessions('persistence_root')],
  }),
  availabilityMode: setting({
    group: persistence,
    doc: 'Set to any mode, it turns persistence on; replication is not offered and means standalone.',
    codec: optional(choice(['standalone', 'replication'])),
    fallback: null,
    env: ['EG_AVAILABILITY_MODE'],
    traits: [app('availability_mode')],
  }),

  // Running the gateway
  logLevel: setting({
    group: running,
    doc: 'The least severe messages that are logged (Enterprise Gateway: WARNING; its image: DEBUG).',
    codec: choice(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'], {
      '0': 'DEBUG',
      '10': 'DEBUG',
      '20': 'INFO',
      '30': 'WARNING',
      '40': 'ERROR',
      '50': 'CRITICAL',
      warn: 'WARNING',
      fatal: 'CRITICAL',
    }),
    fallback: 'INFO',
    env: ['EG_LOG_LEVEL'],
    traits: [application('log_level')],
    flag: 'log-level',
    reloadable: true,
  }),
  sensitiveEnvKeys: setting({
    group: running,
    doc: 'Variables whose names contain one of these are masked in the log.',
    codec: list(),
    fallback: [],
    env: ['EG_SENSITIVE_ENV_KEYS'],
    traits: [app('sensitive_env_keys')],
    reloadable: true,
  }),
  redactionMask: setting({
    group: running,
    doc: 'What the log shows in place of a masked value.',
    codec: text(),
    fallback: '********',
    env: ['EG_REDACTION_MASK'],
    traits: [app('redaction_mask')],
    reloadable: true,
  }),
  dynamicConfigInterval: setting({
    group: running,
    doc: 'Time between two looks for changed config files; 0 turns it off, until the next start.',
    codec: secondsOrOff(),
    fallback: 0,
    env: ['EG_DYNAMIC_CONFIG_INTERVAL'],
    traits: [app('dynamic_config_interval')],
    reloadable: true,
  }),

  // Options of Enterprise Gateway that guard something and are not offered
  authorizerClass: refused(
    'requests cannot be authorized by a class of Python',
    { env: ['EG_AUTHORIZER_CLASS'], traits: [app('authorizer_class')] },
    /(^|\.)AllowAllAuthorizer$/,
  ),
  kernelSessionManagerClass: refused(
    'sessions can only be kept in files',
    { env: ['EG_KERNEL_SESSION_MANAGER_CLASS'], traits: [app('kernel_session_manager_class')] },
    /(^|\.)FileKernelSessionManager$/,
  ),
  webhookUrl: refused(noWebhook, { env: ['EG_WEBHOOK_URL'], traits: [webhook('webhook_url')] }),
  webhookUsername: refused(noWebhook, {
    env: ['EG_WEBHOOK_USERNAME'],
    traits: [webhook('webhook_username')],
  }),
  webhookPassword: refused(noWebhook, {
    env: ['EG_WEBHOOK_PASSWORD'],
    traits: [webhook('webhook_password')],
  }),
  webhookAuthType: refused(noWebhook, { env: ['EG_AUTH_TYPE'], traits: [webhook('auth_type')] }),
  allowedMessageTypes: refused(
    'messages are not filtered by their type',
    { traits: [kernels('allowed_message_types')] },
    /^(\[\]|\(\)|set\(\))?$/,
  ),
  allowTracebacks: refused(
    'tracebacks are never taken out of messages',
    { traits: [kernels('allow_tracebacks')] },
    /^(true|1)?$/i,
  ),

  // Options of Enterprise Gateway without effect
  kernelSpecManagerClass: withoutEffect(notPluggable, { traits: [app('kernel_spec_manager_class')] }, [
    'jupyter_client.kernelspec.kernelspecmanager',
  ]),
  kernelSpecCacheClass: withoutEffect(notPluggable, { traits: [app('kernel_spec_cache_class')] }),
  kernelManagerClass: withoutEffect(notPluggable, {
    traits: [app('kernel_manager_class'), kernels('kernel_manager_class')],
  }),
  sharedContext: withoutEffect(
    'all kernels share one ZeroMQ context',
    { traits: [kernels('shared_context')] },
    ['true'],
  ),
  logFormat: withoutEffect('the log has one format', {
    traits: [application('log_format'), application('log_datefmt'), application('logging_config')],
  }),
  restartStatusPollInterval: withoutEffect(
    noPolling,
    { env: ['EG_RESTART_STATUS_POLL_INTERVAL'], traits: [app('restart_status_poll_interval')] },
    ['1', '1.0'],
  ),
  pollInterval: withoutEffect(noPolling, { env: ['EG_POLL_INTERVAL'], traits: [app('poll_interval')] }, [
    '0.5',
  ]),
  maxPollAttempts: withoutEffect(
    noPolling,
    { env: ['EG_MAX_POLL_ATTEMPTS'], traits: [app('max_poll_attempts')] },
    ['10'],
  ),
  alternateSigint: withoutEffect('it belongs into the env of a kernelspec', {
    env: ['EG_ALTERNATE_SIGINT'],
    traits: [],
  }),
  kernelSessionLocation: withoutEffect('EG_PERSISTENCE_ROOT says where sessions are kept', {
    env: ['EG_KERNEL_SESSION_LOCATION'],
    traits: [],
  }),
  podTemplateDir: withoutEffect(
    'pods are made without a file for their template',
    { env: ['EG_POD_TEMPLATE_DIR'], traits: [] },
    ['/tmp'],
  ),
  kubernetesLogLevel: withoutEffect(
    'EG_LOG_LEVEL holds for all messages',
    { env: ['EG_KUBERNETES_LOG_LEVEL'], traits: [] },
    ['warning'],
  ),
  launcherParameters: withoutEffect('the gateway tells each kernel by itself where to answer', {
    env: ['EG_RESPONSE_ADDRESS', 'EG_PUBLIC_KEY'],
    traits: [],
  }),
  docker: withoutEffect('kernels are not started in Docker', {
    env: ['EG_DOCKER_NETWORK', 'EG_DOCKER_MODE', 'EG_DOCKER_LOG_LEVEL', 'EG_REMOVE_CONTAINER'],
    traits: [],
  }),
  remote: withoutEffect(
    notRemote,
    {
      env: [
        'EG_REMOTE_HOSTS',
        'EG_LOAD_BALANCING_ALGORITHM',
        'EG_ENABLE_TUNNELING',
        'EG_SSH_PORT',
        'EG_SSH_LOG_LEVEL',
        'EG_REMOTE_USER',
        'EG_REMOTE_PWD',
        'EG_REMOTE_GSS_SSH',
        'EG_KERNEL_LOG_DIR',
      ],
      traits: [app('remote_hosts'), app('load_balancing_algorithm')],
    },
    ['localhost', 'round-robin', 'false', '22', '2122'],
  ),
  yarn: withoutEffect(
    'kernels are not started in YARN or Conductor clusters',
    {
      env: [
        'EG_YARN_ENDPOINT',
        'EG_ALT_YARN_ENDPOINT',
        'EG_YARN_ENDPOINT_SECURITY_ENABLED',
        'EG_YARN_LOG_LEVEL',
        'EG_YARN_CERT_BUNDLE',
        'EG_YARN_MUTUAL_AUTHENTICATION',
        'EG_YARN_SHUTDOWN_WAIT_TIME',
        'EG_CONDUCTOR_ENDPOINT',
      ],
      traits: [
        app('yarn_endpoint'),
        app('alt_yarn_endpoint'),
        app('yarn_endpoint_security_enabled'),
        app('conductor_endpoint'),
      ],
    },
    ['false'],
  ),
} as const;
