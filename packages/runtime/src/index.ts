export { ConfigError, parseConfig, readConfig } from './config.ts'
export { createLogger, type Logger, type LoggerOptions } from './logger.ts'
export { onShutdown, type ShutdownOptions, type ShutdownStep } from './shutdown.ts'
export { collectBuffersSeldom } from './collector.ts'
