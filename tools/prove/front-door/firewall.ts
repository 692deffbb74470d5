// nginx with ModSecurity and the OWASP core rule set in blocking mode: close kin of Front Door's managed rules. Its exceptions
// are made from infra/waf.json, the list that also makes those of the cloud.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { FirewallList } from '../../../infra/src/firewall-list.ts'
import { debianPrograms, whyMissing } from '../../debian.ts'
import { freePort } from '../child-backend.ts'

export const firewallList = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../../infra/waf.json'), 'utf8'),
) as FirewallList

/** Why the rehearsal cannot be held here, or nothing. */
export const whyNoFirewall = whyMissing(debianPrograms.firewall)

const [nginx, module, coreSetup, coreRules] = debianPrograms.firewall.files

const operators = { StartsWith: '@beginsWith', Contains: '@contains', Equals: '@streq' } as const

/** Where ModSecurity finds what Front Door names so. */
const variables = {
  RequestCookieNames: 'REQUEST_COOKIES',
  RequestHeaderNames: 'REQUEST_HEADERS',
  QueryStringArgNames: 'ARGS',
  RequestBodyJsonArgNames: 'ARGS',
} as const

/** The list as rules that come before all others. */
function exceptionRules(list: FirewallList): string {
  let id = 10_000
  const lines = list.exceptions.flatMap((one) =>
    one.paths.map((where) => {
      const removed = one.rules.map((rule) => `ctl:ruleRemoveById=${rule}`).join(',')
      return `SecRule REQUEST_URI_RAW "${operators[one.match]} ${where}" "id:${(id += 1)},phase:1,pass,nolog,${removed}"`
    }),
  )
  for (const one of list.exclusions) {
    // What this stand-in cannot do the same way must not look proved.
    if (one.operator !== 'Equals' || (one.rules.length === 0 && one.group !== null))
      throw new Error(`exclusion ${one.name}: the rehearsal knows Equals only, and named rules or all`)
    const prefix = one.variable === 'RequestBodyJsonArgNames' ? 'json.' : ''
    const target = `${variables[one.variable]}:${prefix}${one.selector}`
    const removed =
      one.rules.length === 0
        ? `ctl:ruleRemoveTargetByTag=OWASP_CRS;${target}`
        : one.rules.map((rule) => `ctl:ruleRemoveTargetById=${rule};${target}`).join(',')
    lines.push(`SecAction "id:${(id += 1)},phase:1,pass,nolog,${removed}"`)
  }
  return lines.join('\n')
}

/** As the cloud's: the first 128 KiB of a body are looked at and what is longer is no fault; JSON, XML and forms are taken apart. */
const engine = (folder: string): string => `SecRuleEngine On
SecRequestBodyAccess On
SecRequestBodyLimit 131072
SecRequestBodyNoFilesLimit 131072
SecRequestBodyLimitAction ProcessPartial
SecResponseBodyAccess Off
SecTmpDir ${folder}/tmp
SecDataDir ${folder}/tmp
SecAuditEngine RelevantOnly
SecAuditLogRelevantStatus "^(?:400|403)$"
SecAuditLogParts ABFHZ
SecAuditLogType Serial
SecAuditLogFormat JSON
SecAuditLog ${folder}/audit.log
SecUnicodeMapFile /etc/nginx/unicode.mapping 20127
SecRule REQUEST_HEADERS:Content-Type "(?:application(?:/soap\\+|/)|text/)xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "^application/(?:[a-z0-9.-]+\\+)?json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,log,deny,status:403,msg:'The body cannot be read',chain"
  SecRule INBOUND_DATA_ERROR "@eq 0" "t:none"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:200003,phase:2,t:none,log,deny,status:403,msg:'The multipart body is malformed'"`

const groups = [
  '901-INITIALIZATION',
  '911-METHOD-ENFORCEMENT',
  '913-SCANNER-DETECTION',
  '920-PROTOCOL-ENFORCEMENT',
  '921-PROTOCOL-ATTACK',
  '930-APPLICATION-ATTACK-LFI',
  '931-APPLICATION-ATTACK-RFI',
  '932-APPLICATION-ATTACK-RCE',
  '933-APPLICATION-ATTACK-PHP',
  '934-APPLICATION-ATTACK-NODEJS',
  '941-APPLICATION-ATTACK-XSS',
  '942-APPLICATION-ATTACK-SQLI',
  '943-APPLICATION-ATTACK-SESSION-FIXATION',
  '944-APPLICATION-ATTACK-JAVA',
  '949-BLOCKING-EVALUATION',
]

/** The limit's addresses as nginx compares them: decoded, without what follows the question mark. */
function limitPattern({ match, paths }: FirewallList['rateLimits'][number]): string {
  const alternatives = paths.map((one) => one.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|')
  return { StartsWith: `^(?:${alternatives})`, Contains: `(?:${alternatives})`, Equals: `^(?:${alternatives})$` }[match]
}

/** Front Door counts by the minute; a burst of a whole minute is the same. */
const limitsOf = (list: FirewallList) =>
  list.rateLimits.map((one, index) => ({
    zone: `map $uri $limit${index} { default ""; "~${limitPattern(one)}" $binary_remote_addr; }
  limit_req_zone $limit${index} zone=limit${index}:1m rate=${one.perMinute}r/m;`,
    use: `limit_req zone=limit${index} burst=${one.perMinute} nodelay;`,
  }))

function serverConfig(
  { folder, backend, frontend, frontDoorId, list }: Required<FirewallOptions>,
  port: number,
): string {
  const limits = limitsOf(list)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  // Visitors of an address of their own: the backend's limits count each door apart.
  const visitor = `198.51.${port >> 8}.${port & 255}`
  const onward = `proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Azure-FDID ${frontDoorId};
      proxy_set_header X-Forwarded-For ${visitor}; proxy_http_version 1.1; proxy_read_timeout 240s;`
  return `load_module ${module};
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
worker_processes 1;
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 256; }
http {
  access_log off;
  client_max_body_size 0;
  # As wide as Front Door: addresses of 8 KiB, headers of 64.
  large_client_header_buffers 8 16k;
  ${temporary.map((name) => `${name}_temp_path ${folder}/tmp/${name};`).join(' ')}
  limit_req_status 429;
  ${limits.map(({ zone }) => zone).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    modsecurity on;
    modsecurity_rules_file ${folder}/modsecurity.conf;
    ${limits.map(({ use }) => use).join('\n    ')}
    # Only an answer of ours carries it: whatever comes without is the firewall's own.
    add_header ${passedHeader} $upstream_status always;
    location ~ ^/(api|dicom-web)(/|$) { ${onward} proxy_pass ${backend}; }
    location = /health/live { ${onward} proxy_pass ${backend}; }
    location / { ${onward} proxy_pass ${frontend}; }
  }
}
`
}

/** Names the request in the firewall's log. */
export const requestHeader = 'x-rehearsal'
const passedHeader = 'x-passed'

/** Whether the request came to us. */
export const isPassed = (answer: Response): boolean => answer.headers.has(passedHeader)

interface FirewallOptions {
  folder: string
  backend: string
  frontend: string
  frontDoorId: string
  list?: FirewallList
}

export interface Firewall {
  url: string
  port: number
  /** What the firewall says of a request that it blocked: number of the rule, and what it saw. */
  rulesOf(request: string): Promise<string[]>
  stop(): Promise<void>
}

export async function startFirewall(given: FirewallOptions): Promise<Firewall> {
  const options = { list: firewallList, ...given }
  const { folder, list } = options
  mkdirSync(path.join(folder, 'tmp'), { recursive: true })
  const port = await freePort()
  const includes = groups.map((group) => `Include ${coreRules}/REQUEST-${group}.conf`).join('\n')
  writeFileSync(
    path.join(folder, 'modsecurity.conf'),
    `${engine(folder)}\nInclude ${coreSetup}\nInclude ${folder}/exceptions.conf\n${includes}\n`,
  )
  writeFileSync(path.join(folder, 'exceptions.conf'), `${exceptionRules(list)}\n`)
  writeFileSync(path.join(folder, 'nginx.conf'), serverConfig(options, port))
  // It ends with this process at the latest.
  const own = ['--pdeathsig=TERM', nginx, '-p', folder, '-c', path.join(folder, 'nginx.conf')]
  const child = spawn('setpriv', own, { stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const url = `http://localhost:${port}`
  for (let tries = 0; ; tries += 1) {
    if (
      await fetch(`${url}/health/live`).then(
        (answer) => answer.status < 500,
        () => false,
      )
    )
      break
    if (child.exitCode !== null || tries > 200) throw new Error(`nginx does not answer: ${words}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url,
    port,
    async rulesOf(request) {
      // The line in the log comes a moment after the answer.
      for (let tries = 0; tries < 100; tries += 1) {
        const rules = findRules(path.join(folder, 'audit.log'), request)
        if (rules.length > 0) return rules
        await new Promise((resolve) => setTimeout(resolve, 30))
      }
      return []
    },
    async stop() {
      if (child.exitCode !== null) return
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}

interface Logged {
  transaction: {
    request: { headers: Record<string, string> }
    messages: { details: { ruleId: string; data: string } }[]
  }
}

function findRules(log: string, request: string): string[] {
  const line = existsSync(log)
    ? readFileSync(log, 'utf8')
        .split('\n')
        .find((one) => one.endsWith('}') && one.includes(`"${requestHeader}":"${request}"`))
    : undefined
  if (line === undefined) return []
  const { messages } = (JSON.parse(line) as Logged).transaction
  return messages.map(({ details }) => `${details.ruleId} ${details.data.slice(0, 100)}`)
}
