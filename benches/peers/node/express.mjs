// An Express server with `clerkMiddleware()`, or without it (--plain). The first line of input is a set-up, answered
// with the port; each further line is answered with the processor time of this process.
import { answer, cpuTime, read, require } from './modules.mjs';

const { clerkMiddleware, getAuth } = require('@clerk/express');
const express = require('express');

const setUp = await read();
const app = express();
if (process.argv.includes('--plain')) {
  app.get('/dashboard', (request, response) => response.send('Hello user_2xhFjEI5X2qWRvtV13BzSj8H6Dk'));
} else {
  app.use(
    clerkMiddleware({ publishableKey: setUp.publishable_key, secretKey: setUp.secret_key, jwtKey: setUp.pem }),
  );
  app.get('/dashboard', (request, response) => {
    const { userId } = getAuth(request);
    if (!userId) return response.sendStatus(401);
    return response.send(`Hello ${userId}`);
  });
}

const server = app.listen(0, '127.0.0.1', async () => {
  answer({ port: server.address().port });
  for (;;) {
    await read();
    answer({ cpu_ns: cpuTime() * 1000 });
  }
});
