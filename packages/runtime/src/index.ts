// config.ts   readConfig(schema, env): prints every fault and exits 1 (throws ConfigError for tests)
// logger.ts   createLogger(options): Logger (pino; secrets redacted)
// shutdown.ts onShutdown(log, steps): SIGINT/SIGTERM once, steps in order, bounded
export type { Logger } from 'pino'
