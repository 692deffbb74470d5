// nginx with ModSecurity and the OWASP core rule set in blocking mode: close kin of Front Door's managed rules. Its exceptions
// are made from infra/waf.json, the list that also makes those of the cloud.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { freePort } from './child-backend.ts'

export interface FirewallList {
  exceptions: {
    name: string
    why: string
    match: 'StartsWith' | 'Contains' | 'Equals'
    paths: string[]
    group: string
    rules: string[]
  }[]
  exclusions: {
    name: string
    why: string
    variable: string
    operator: string
    selector: string
    group: string | null
    rules: string[]
  }[]
  rateLimits: {
    name: string
    why: string
    match: 'StartsWith' | 'Contains' | 'Equals'
    paths: string[]
    perMinute: number
  }[]
}

export const firewallList = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../infra/waf.json'), 'utf8'),
) as FirewallList

const rules = '/usr/share/modsecurity-crs/rules'
const module = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so'

/** Why the rehearsal cannot be held here, or nothing. */
export const whyNoFirewall = [rules, module, '/usr/sbin/nginx', '/etc/modsecurity/crs/crs-setup.conf'].every((one) =>
  existsSync(one),
)
  ? undefined
  : 'nginx with ModSecurity is not installed (Debian: apt-get install nginx libnginx-mod-http-modsecurity modsecurity-crs)'

const operators = { StartsWith: '@beginsWith', Contains: '@contains', Equals: '@streq' } as const

/** Where ModSecurity finds what Front Door names so. */
const variables: Record<string, string> = {
  RequestCookieNames: 'REQUEST_COOKIES',
  RequestHeaderNames: 'REQUEST_HEADERS',
  QueryStringArgNames: 'ARGS',
  RequestBodyJsonArgNames: 'ARGS',
}

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
    const prefix = one.variable === 'RequestBodyJsonArgNames' ? 'json.' : ''
    const target = `${variables[one.variable] ?? ''}:${prefix}${one.selector}`
    const removed = one.rules.map((rule) => `ctl:ruleRemoveTargetById=${rule};${target}`).join(',')
    lines.push(`SecAction "id:${(id += 1)},phase:1,pass,nolog,${removed}"`)
  }
  return lines.join('\n')
}

/** As the cloud's: the first 128 KiB of a body are looked at, JSON, XML and forms are taken apart. */
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
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,log,deny,status:403,msg:'The body cannot be read'"
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

export interface Firewall {
  url: string
  /** Requests it blocked since the last call: address and the rules that spoke. */
  takeBlocked(): { uri: string; rules: string[] }[]
  stop(): Promise<void>
}

export async function startFirewall(options: {
  folder: string
  backend: string
  frontend: string
  frontDoorId: string
  list?: FirewallList
}): Promise<Firewall> {
  const { folder, backend, frontend, frontDoorId, list = firewallList } = options
  mkdirSync(path.join(folder, 'tmp'), { recursive: true })
  const port = await freePort()
  const includes = groups.map((group) => `Include ${rules}/REQUEST-${group}.conf`).join('\n')
  writeFileSync(
    path.join(folder, 'modsecurity.conf'),
    `${engine(folder)}\nInclude /etc/modsecurity/crs/crs-setup.conf\nInclude ${folder}/exceptions.conf\n${includes}\n`,
  )
  writeFileSync(path.join(folder, 'exceptions.conf'), `${exceptionRules(list)}\n`)
  const onward = `proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Azure-FDID ${frontDoorId};
      proxy_set_header X-Forwarded-For $remote_addr; proxy_http_version 1.1; proxy_read_timeout 240s;`
  const limits = list.rateLimits.map((one, index) => {
    const pattern = one.match === 'Equals' ? `^${one.paths.join('$|^')}$` : `^(?:${one.paths.join('|')})`
    return {
      zone: `map $uri $limit${index} { default ""; "~${pattern}" $binary_remote_addr; }
  limit_req_zone $limit${index} zone=limit${index}:1m rate=${one.perMinute}r/m;`,
      // Front Door counts by the minute; a burst of a whole minute is the same.
      use: `limit_req zone=limit${index} burst=${one.perMinute} nodelay;`,
    }
  })
  writeFileSync(
    path.join(folder, 'nginx.conf'),
    `load_module ${module};
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
worker_processes 1;
daemon off;
user root;
events { worker_connections 256; }
http {
  access_log off;
  client_max_body_size 0;
  large_client_header_buffers 4 16k;
  client_body_temp_path ${folder}/tmp/body; proxy_temp_path ${folder}/tmp/proxy; fastcgi_temp_path ${folder}/tmp/f; uwsgi_temp_path ${folder}/tmp/u; scgi_temp_path ${folder}/tmp/s;
  limit_req_status 429;
  ${limits.map((one) => one.zone).join('\n  ')}
  server {
    listen 127.0.0.1:${port};
    modsecurity on;
    modsecurity_rules_file ${folder}/modsecurity.conf;
    ${limits.map((one) => one.use).join('\n    ')}
    location ~ ^/(api|dicom-web)(/|$) { ${onward} proxy_pass ${backend}; }
    location = /health/live { ${onward} proxy_pass ${backend}; }
    location / { ${onward} proxy_pass ${frontend}; }
  }
}
`,
  )
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-c', path.join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
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
  let seen = 0
  return {
    url,
    takeBlocked() {
      const file = path.join(folder, 'audit.log')
      const lines = existsSync(file)
        ? readFileSync(file, 'utf8')
            .split('\n')
            .filter((line) => line.startsWith('{'))
        : []
      const fresh = lines.slice(seen)
      seen = lines.length
      return fresh.map((line) => {
        const { transaction } = JSON.parse(line) as {
          transaction: {
            request: { uri: string; method: string }
            messages: { details: { ruleId: string; data: string } }[]
          }
        }
        return {
          uri: `${transaction.request.method} ${transaction.request.uri}`,
          rules: transaction.messages.map(({ details }) => `${details.ruleId} ${details.data.slice(0, 100)}`),
        }
      })
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      await ended
    },
  }
}
