import type { Mistake } from './mistake.ts'

export const appMistakes: Mistake[] = [
  {
    rule: 'environment-closed',
    what: 'environment with a public address',
    on: 'environment',
    plant: (at) => (at['vnetConfiguration'].internal = false),
    says: /^environment: has a public address/,
  },
  {
    rule: 'environment-closed',
    what: 'public network access',
    on: 'environment',
    plant: (at) => (at['publicNetworkAccess'] = 'Enabled'),
    says: /^environment: lets the internet in/,
  },
  {
    rule: 'ingress-inside',
    what: 'ingress opened in a public environment',
    on: 'environment',
    plant: (at) => (at['vnetConfiguration'].internal = false),
    says: /^backend: has ingress.external in an environment with a public address, which opens it to the internet/,
  },
  {
    rule: 'ingress-inside',
    what: 'ingress Front Door cannot reach',
    on: 'frontend',
    plant: (at) => (at['configuration'].ingress.external = false),
    says: /^frontend: has ingress.external false, so Front Door’s link cannot reach it/,
  },
  {
    rule: 'no-secret-values',
    what: 'secret as value',
    on: 'backend',
    plant: (at) => at['configuration'].secrets.push({ name: 'smtp', value: 'hunter2' }),
    says: /^backend: carries the secret 'smtp' as a value; name its address in the key vault/,
  },
  {
    rule: 'no-secret-values',
    what: 'password in the environment',
    on: 'backend',
    plant: (at) => at['template'].containers[0].env.push({ name: 'SMTP_PASSWORD', value: 'hunter2' }),
    says: /^backend: hands SMTP_PASSWORD over as a value; use secretRef/,
  },
  {
    rule: 'images-by-digest',
    what: 'image by tag',
    on: 'frontend',
    plant: (at) => (at['template'].containers[0].image = 'registry.gitlab.com/x/frontend:latest'),
    says: /^frontend: runs 'registry.gitlab.com\/x\/frontend:latest' in frontend; name the image by its digest/,
  },
  {
    rule: 'jobs-by-hand',
    what: 'migration repeated after a failure',
    on: 'job-migrate',
    plant: (at) => (at['configuration'].replicaRetryLimit = 3),
    says: /^job-migrate: is repeated after a failure/,
  },
  {
    rule: 'ingress-tls',
    what: 'plain HTTP to an app',
    on: 'backend',
    plant: (at) => (at['configuration'].ingress.allowInsecure = true),
    says: /^backend: answers plain HTTP/,
  },
  {
    rule: 'no-secret-values',
    what: 'secret read as nobody',
    on: 'backend',
    plant: (at) => delete at['configuration'].secrets[0].identity,
    says: /^backend: reads the secret 'registry-token' as nobody; name an identity/,
  },
  {
    rule: 'no-secret-values',
    what: 'password inside an address',
    on: 'job-migrate',
    plant: (at) => (at['template'].containers[0].env[0].value = 'postgres://admin:hunter2@psql/instandt'),
    says: /^job-migrate: hands MIGRATE_DATABASE_URL over as a value; use secretRef/,
  },
  {
    rule: 'apps-ready',
    what: 'no readiness probe',
    on: 'backend',
    plant: (at) => at['template'].containers[0].probes.splice(1, 1),
    says: /^backend: gets traffic before it is ready/,
  },
  {
    rule: 'identity-each',
    what: 'web app with the backend’s identity',
    on: 'frontend',
    plant: (at) =>
      (at['identity'].userAssignedIdentities = [
        '/recorded/azure-native/managedidentity/UserAssignedIdentity/identity-app',
      ]),
    says: /^frontend: runs as the same identity as backend; give it one of its own/,
  },
]
