// What other programs and people call the keys and values of the lvsctl file. Names are compared
// in small letters without `_`, `-` and blanks.

/** Keys: keepalived, ldirectord, HAProxy, nginx, Kubernetes and ipvsadm's long options. */
// biome-ignore format: a table
export const KEY_SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  // the file
  vip: ['vips', 'address'], virtual: ['vips', 'services'], virtualipaddress: ['vips'],
  virtualipaddresses: ['vips'], virtualaddresses: ['vips'], virtualserver: ['services'],
  virtualservers: ['services'], virtualservice: ['services'], virtualservices: ['services'],
  service: ['services'], frontends: ['services'], timeout: ['timeouts'], daemon: ['sync'],
  daemons: ['sync'], syncdaemon: ['sync'], syncdaemons: ['sync'], lvssyncdaemon: ['sync'],
  health: ['monitor'], monitoring: ['monitor'],
  // addresses
  ip: ['address'], addr: ['address'], ipaddress: ['address'], ipaddr: ['address'],
  host: ['address'], rip: ['address'], virtualip: ['address'], device: ['interface'],
  dev: ['interface'], iface: ['interface'], nic: ['interface'], ethernet: ['interface'],
  mcastinterface: ['interface'], multicastinterface: ['interface'], mcastgroup: ['group'],
  mcastport: ['port'], mcastttl: ['ttl'], syncmaxlen: ['max_length'], maxlen: ['max_length'],
  id: ['syncid', 'name'], state: ['role'],
  // a service
  proto: ['protocol'], fwmark: ['mark'], fwm: ['mark'], firewallmark: ['mark'], forward: ['mode'],
  forwarding: ['mode'], forwardingmethod: ['mode'], lbkind: ['mode'], lvsmethod: ['mode'],
  method: ['mode'], kind: ['mode'], sched: ['scheduler'], schedule: ['scheduler'],
  algorithm: ['scheduler'], algo: ['scheduler'], lbalgo: ['scheduler'], lvssched: ['scheduler'],
  balance: ['scheduler'], schedflags: ['flags'], schedulerflags: ['flags'], ops: ['one_packet'],
  onepacketscheduling: ['one_packet'], persistent: ['persistence'],
  persistencetimeout: ['persistence'], sticky: ['persistence'], stickiness: ['persistence'],
  affinity: ['persistence'], sessionaffinity: ['persistence'], granularity: ['netmask'],
  mask: ['netmask'], persistencegranularity: ['netmask'], pe: ['engine'], pename: ['engine'],
  persistenceengine: ['engine'], realserver: ['servers'], realservers: ['servers'],
  real: ['servers'], reals: ['servers'], backend: ['servers'], backends: ['servers'],
  members: ['servers'], destinations: ['servers'], endpoints: ['servers'], upstream: ['servers'],
  sorryserver: ['sorry'], fallback: ['sorry'], backup: ['sorry'], check: ['checks'],
  checker: ['checks'], healthcheck: ['checks'], healthchecks: ['checks'], probe: ['checks'],
  probes: ['checks'], gw: ['gateway'], defaultgateway: ['gateway'], defaultroute: ['gateway'],
  via: ['gateway'],
  // a server
  uthreshold: ['upper'], upperthreshold: ['upper'], maxconn: ['upper'], maxconnections: ['upper'],
  lthreshold: ['lower'], lowerthreshold: ['lower'], minconn: ['lower'], tuntype: ['tunnel', 'type'],
  tunport: ['tunnel', 'port'], csum: ['checksum'], prio: ['weight'], priority: ['weight'],
  // a check
  type: ['kind'], checktype: ['kind'], delayloop: ['interval'], checkinterval: ['interval'],
  every: ['interval'], inter: ['interval'], period: ['interval'], periodseconds: ['interval'],
  delay: ['interval'], connecttimeout: ['timeout'], checktimeout: ['timeout'],
  negotiatetimeout: ['timeout'], timeoutseconds: ['timeout'], successthreshold: ['rise'],
  up: ['rise'], failurethreshold: ['fall'], down: ['fall'], retry: ['fall'], retries: ['fall'],
  nbgetretry: ['fall'], checkcount: ['fall'], failurecount: ['fall'], fastinter: ['fast_interval'],
  connectport: ['port'], checkport: ['port'], bindto: ['source'], connectip: ['connect_to', 'target'],
  url: ['path'], uri: ['path'], request: ['path', 'name', 'payload'], httprequest: ['path'],
  virtualhost: ['host'], vhost: ['host'], hostname: ['host', 'name'], statuscode: ['status'],
  code: ['status'], httpstatus: ['status'], expectedstatus: ['status'],
  receive: ['body', 'expected'], expect: ['body', 'expected', 'status'], match: ['body'],
  regex: ['body'], regexnomatch: ['not_body'], notmatch: ['not_body'], md5: ['digest'],
  sha256: ['digest'], miscdynamic: ['weight'], dynamic: ['weight'], requirereply: ['expect_hex'],
  minreplylength: ['min_length'], maxreplylength: ['max_length'], scriptuser: ['user'],
  certificate: ['cert'], clientcert: ['cert'], ssl: ['tls'], sequence: ['steps'], httpmethod: ['method'], httpheaders: ['headers'], cafile: ['ca'], cacert: ['ca'],
  servername: ['sni', 'name'], verifycert: ['verify'], enablesni: ['sni'],
  followredirects: ['redirects'], query: ['name'], record: ['type'], recordtype: ['type'],
  qtype: ['type'], answer: ['expected'], answers: ['expected'], heloname: ['helo'], ehlo: ['helo'],
  cmd: ['command'], args: ['command'], script: ['command'], miscpath: ['command'],
  checkcommand: ['command'], data: ['data', 'payload'], hex: ['payload_hex'],
  // health, monitor, timeouts
  slowstart: ['slow_start'], warmup: ['slow_start'], panicthreshold: ['min_up'],
  inhibitonfailure: ['failed'], quiescent: ['failed'], onfailure: ['failed'], require: ['combine'],
  logic: ['combine'], foreign: ['drift'], netns: ['check_netns'], namespace: ['check_netns'],
  notify: ['hook'], notifyup: ['hook'], logfile: ['log'], logging: ['log'], path: ['file'],
  fin: ['tcp_fin'], finwait: ['tcp_fin'], tcpfintimeout: ['tcp_fin'],
};

/** Values of keys with a fixed choice. */
// biome-ignore format: a table
export const VALUE_SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  masq: ['nat'], masquerade: ['nat'], masquerading: ['nat'], lvsnat: ['nat'], m: ['nat'],
  gate: ['dr'], gatewaying: ['dr'], direct: ['dr'], directrouting: ['dr'], droute: ['dr'],
  route: ['dr'], lvsdr: ['dr'], dsr: ['dr'], g: ['dr'], tunnel: ['tun'], tunneling: ['tun'],
  tunnelling: ['tun'], lvstun: ['tun'], i: ['tun'], ipip: ['tun', 'ipip'], roundrobin: ['rr'],
  weightedroundrobin: ['wrr'], leastconn: ['lc'], leastconnection: ['lc'], leastconnections: ['lc'],
  weightedleastconnection: ['wlc'], weightedleastconnections: ['wlc'], sourcehash: ['sh'],
  sourcehashing: ['sh'], source: ['sh'], destinationhashing: ['dh'], destinationhash: ['dh'],
  maglev: ['mh'], failover: ['fo'], overflow: ['ovf'], shortestexpecteddelay: ['sed'],
  neverqueue: ['nq'], tcpcheck: ['tcp'], connect: ['tcp'], httpget: ['http'], web: ['http'],
  sslget: ['https'], ssl: ['https'], httpsget: ['https'], dnscheck: ['dns'], udpcheck: ['udp'],
  simpletcp: ['send_expect'], sendexpect: ['send_expect'], redis: ['send_expect'],
  imap: ['send_expect'], pop: ['send_expect'], pop3: ['send_expect'], ftp: ['send_expect'],
  nntp: ['send_expect'], mysql: ['send_expect'], smtpcheck: ['smtp'], mail: ['smtp'], icmp: ['ping'], pingcheck: ['ping'], misccheck: ['exec'],
  misc: ['exec'], external: ['exec'], script: ['exec'], command: ['exec'], repair: ['correct'],
  fix: ['correct'], respect: ['ignore'], leave: ['ignore'], and: ['all'], every: ['all'],
  or: ['any'], one: ['any'], quiescent: ['quiesce'], drain: ['quiesce'], delete: ['remove'],
  drop: ['remove'], primary: ['master'], slave: ['backup'], secondary: ['backup'], plain: ['text'],
  realserver: ['server'], real: ['server'], virtual: ['vip'], udpchecksum: ['checksum'],
  csum: ['checksum'], nocsum: ['none'], remcsum: ['remote'], off: ['none'], flag1: ['flag-1'],
  flag2: ['flag-2'], flag3: ['flag-3'],
};
