// All kinds of probes. A new one is a file in kinds/ and a line here; its row for the file is in
// src/lvsctl/checks.
import { dns } from './kinds/dns.js';
import { exec } from './kinds/exec.js';
import { http } from './kinds/http.js';
import { ping } from './kinds/ping.js';
import { send_expect } from './kinds/sendexpect.js';
import { smtp } from './kinds/smtp.js';
import { tcp } from './kinds/tcp.js';
import { udp } from './kinds/udp.js';

export const KINDS = { tcp, http, dns, udp, smtp, send_expect, ping, exec } as const;
