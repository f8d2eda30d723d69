// An application as its authors write it with Clerk's own SDK for Express: nothing here knows of a local portal.
import { clerkMiddleware, getAuth } from '@clerk/express';
import express from 'express';

const app = express();
app.use(
  clerkMiddleware({
    // So that a test need not wait for the end of the tolerance as well.
    clockSkewInMs: 0,
    organizationSyncOptions: {
      organizationPatterns: ['/orgs/:slug', '/orgs/:slug/(.*)'],
      personalAccountPatterns: ['/me'],
    },
  }),
);
app.use(express.urlencoded({ extended: false }));

const show = (request, response) => {
  const { userId, orgSlug } = getAuth(request);
  response.type('html').send(`<!doctype html><title>Express</title>
    <p id="user">${userId ?? 'nobody'}</p><p id="organization">${orgSlug ?? 'none'}</p>
    <form method="post" action="/form"><button id="send">Send</button></form>`);
};

app.get('/', show);
app.get(['/orgs/:slug', '/orgs/:slug/x'], show);
app.get('/me', show);
app.post('/form', show);
app.get('/private', (request, response) => {
  if (getAuth(request).userId) return show(request, response);
  const here = `${request.protocol}://${request.get('host')}${request.originalUrl}`;
  return response.redirect(303, `${process.env.CLERK_SIGN_IN_URL}?redirect_url=${encodeURIComponent(here)}`);
});

const server = app.listen(0, '127.0.0.1', () => console.log(`listening on ${server.address().port}`));
