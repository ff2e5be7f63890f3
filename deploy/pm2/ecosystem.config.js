// The service under PM2.
//
//   cargo build --release --locked
//   pm2 start deploy/pm2/ecosystem.config.js                # headless, for a server
//   pm2 start deploy/pm2/ecosystem.config.js --env local    # with a window, for a desk
//   pm2 save && pm2 startup                                 # back after a reboot
//
// A changed value takes effect only with a new process definition: PM2 keeps the one it was started with over `restart`
// and `reload`. The login stays.
//
//   pm2 delete session-manager && pm2 start deploy/pm2/ecosystem.config.js
'use strict';

const path = require('node:path');

const root = path.resolve(__dirname, '../..');

// Everything that decides what the service is and whom it serves. An empty value is the default; the README's table
// "Settings" says what each one means. Secrets come from the environment of whoever runs `pm2 start`, not from a file
// under version control; PM2 keeps them in its dump, readable by its own user.
const settings = {
  NODE_ENV: 'production', // JSON lines
  LOG_LEVEL: 'info',
  PORT: '3001',
  HOST: 'loopback',
  API_TOKEN: process.env.API_TOKEN || '',
  TRUSTED_PEERS: '',
  CORS_ORIGINS: '',
  TOKENS_DIR: path.join(root, 'tokens'),
  DATA_DIR: path.join(root, 'data'),
  LOGIN_MODE: 'server',
  PRESENCE: 'unavailable',
  AUTO_CONNECT: 'true',
  CHROME_PATH: '',
  CLIENTE_ID: '',
  ALLOWED_CLIENTE_IDS: '',
  MAX_RECONNECTION_ATTEMPTS: '3',
  ERROR_RETRY_INTERVAL: '300s',
  QR_MAX_ATTEMPTS: '0',
  SEND_MODE: 'live',
  SEND_VIA: 'web',
  SEND_TIMEOUT: '50s',
  SEND_RATE_PER_MINUTE: '20',
  SEND_PAUSE_MS: '1000-3000',
  SEND_QUEUE_MAX: '100',
  SEND_DAILY_MAX: '0',
  CLOUD_API_TOKEN: process.env.CLOUD_API_TOKEN || '',
  CLOUD_API_PHONE_NUMBER_ID: process.env.CLOUD_API_PHONE_NUMBER_ID || '',
  CLOUD_API_APP_SECRET: process.env.CLOUD_API_APP_SECRET || '',
  CLOUD_API_VERIFY_TOKEN: process.env.CLOUD_API_VERIFY_TOKEN || '',
  OPT_OUT_WORDS: '',
  CALLS: 'ignore',
  CALLS_REJECT_TEXT: '',
  MEDIA_FETCH: 'auto',
  MEDIA_MAX_MB: '64',
  MEDIA_SEND_MAX_MB: '200',
  MEDIA_QUOTA_MB: '2048',
  MEDIA_URL_PRIVATE: 'false',
  WEBHOOK_URLS: '',
  WEBHOOK_SECRET: process.env.WEBHOOK_SECRET || '',
  CENTRAL_HUB_BASE_URL: process.env.CENTRAL_HUB_BASE_URL || '',
  CENTRAL_HUB_USER: process.env.CENTRAL_HUB_USER || '',
  CENTRAL_HUB_PASS: process.env.CENTRAL_HUB_PASS || '',
  CENTRAL_HUB_CLIENTE_ID: '',
  INTERNAL_LISTENER_TOKEN: process.env.INTERNAL_LISTENER_TOKEN || '',
  RETENTION_DAYS: '30',
  SHUTDOWN_TIMEOUT: '8s', // below kill_timeout
};

module.exports = {
  apps: [
    {
      name: 'session-manager',
      cwd: root,
      // The program itself: a shell or `cargo run` in between would take PM2's signals and its channel.
      script: path.join(root, 'target/release/session-manager'),
      interpreter: 'none',

      // One process owns one account; a second one on the same folders is refused with exit code 75.
      instances: 1,
      exec_mode: 'fork',

      watch: false,
      autorestart: true,
      // Ended by what only a change mends: command line (64), another instance (75), settings (78). A taken port (69) is
      // tried again, for the old owner may be on its way out. Not 0, the clean stop: PM2 takes every death by signal for
      // a 0 and would leave the service down after a kill -9 or the kernel's out-of-memory killer. What `pm2 stop` has
      // stopped stays so whatever its code.
      stop_exit_codes: [64, 75, 78],
      // After ten ends within 10 s of their start PM2 gives up, which takes about 10 s. Here, and after the codes above,
      // its list goes on saying "waiting restart" and its log says the truth: with a delay set it names that state last.
      max_restarts: 10,
      min_uptime: '10s',
      // Where both delays are set PM2 lets the second one act: 100 ms, then half as long again each time, at most 15 s;
      // from the beginning once the service has been up for 30 s. The first one acts where the second is taken out.
      restart_delay: 5000,
      exp_backoff_restart_delay: 100,

      // The service alone, which idles at 10 MB: PM2 does not count the browser's 300, and the service minds those.
      max_memory_restart: '400M',

      // A clean stop is over within SHUTDOWN_TIMEOUT.
      kill_timeout: 10000,
      // PM2 would signal Chrome before the service, and a Chrome that is signalled can lose the login.
      treekill: false,

      // PM2 may also wait until HTTP is answered before it says "online", and ask for the stop by message:
      //   wait_ready: true, listen_timeout: 10000, shutdown_with_message: true

      out_file: path.join(root, 'logs/session-manager.log'),
      error_file: path.join(root, 'logs/session-manager.error.log'), // empty but for mistakes in the settings
      merge_logs: true,
      // No log_date_format: each line has its own time, and a date in front of it is no JSON any more. `pm2 install
      // pm2-logrotate` keeps the files small.

      env: settings,
      env_local: { ...settings, NODE_ENV: 'development', LOGIN_MODE: 'local' },
    },
  ],
};
