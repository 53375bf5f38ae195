// A real MEXC client library (npm ccxt) trades on levi-exchange without noticing. Run by scripts/compat.sh.
//
// argv: REST port. The key pair comes from LEVI_PRACTICE_KEY and LEVI_PRACTICE_SECRET.
import assert from 'node:assert/strict';
import ccxt from 'ccxt';

const port = process.argv[2];
const symbol = 'BTC/USDT';
const http = `http://127.0.0.1:${port}`;

function client(kind) {
  const exchange = new kind({
    apiKey: process.env.LEVI_PRACTICE_KEY,
    secret: process.env.LEVI_PRACTICE_SECRET,
    enableRateLimit: false,  // the limiter spends the venue's weights; our limits are off here
    options: { defaultType: 'spot' },
  });
  exchange.urls.api.spot = { public: http, private: http };
  exchange.urls.api.contract.public = `${http}/api/v1/contract`;
  if (exchange.urls.api.ws) exchange.urls.api.ws.spot = `ws://127.0.0.1:${port}/ws`;
  return exchange;
}

async function step(name, body) {
  const timer = setTimeout(() => {
    console.error(`compat: ${name}: no answer within 20 s`);
    process.exit(1);
  }, 20_000);
  const result = await body();
  clearTimeout(timer);
  console.log(`ok  ${name}`);
  return result;
}

async function trade(exchange) {
  await step('loadMarkets', async () => {
    const markets = await exchange.loadMarkets();
    assert.ok(markets[symbol].active);
    assert.equal(markets[symbol].precision.price, 0.01);
    assert.equal(markets[symbol].precision.amount, 1e-6);
  });
  await step('fetchTime', async () => assert.ok(Math.abs((await exchange.fetchTime()) - Date.now()) < 5000));
  const ticker = await step('fetchTicker', () => exchange.fetchTicker(symbol));
  assert.ok(ticker.bid > 0 && ticker.ask > ticker.bid && ticker.last > 0);
  await step('fetchTickers', async () => assert.ok((await exchange.fetchTickers())[symbol].last > 0));
  await step('fetchBidsAsks', async () => assert.ok((await exchange.fetchBidsAsks([symbol, 'ETH/USDT']))[symbol].bid > 0));
  await step('fetchOrderBook', async () => {
    const book = await exchange.fetchOrderBook(symbol, 20);
    assert.equal(book.bids.length, 20);
    assert.ok(book.bids[0][0] < book.asks[0][0] && book.nonce > 0);
  });
  await step('fetchTrades', async () => assert.ok((await exchange.fetchTrades(symbol)).length > 0));
  await step('fetchOHLCV', async () => assert.equal((await exchange.fetchOHLCV(symbol, '1m')).at(-1).length, 6));

  const before = await step('fetchBalance', () => exchange.fetchBalance());
  const price = Math.round(ticker.bid * 0.97 * 100) / 100;
  const clientOrderId = `compat${Date.now()}`;
  const order = await step('createOrder limit', () =>
    exchange.createOrder(symbol, 'limit', 'buy', 0.01, price, { clientOrderId }));
  assert.ok(order.id.startsWith('C02__'));
  await step('createOrder with a used client id is refused', () =>
    assert.rejects(exchange.createOrder(symbol, 'limit', 'buy', 0.01, price, { clientOrderId }), /-2010/));
  await step('fetchOrder', async () => {
    const fetched = await exchange.fetchOrder(order.id, symbol);
    assert.equal(fetched.status, 'open');
    assert.equal(fetched.price, price);
    assert.equal(fetched.clientOrderId, clientOrderId);
  });
  await step('fetchOpenOrders', async () => {
    assert.deepEqual((await exchange.fetchOpenOrders(symbol)).map((open) => open.id), [order.id]);
  });
  await step('fetchBalance while it is open', async () => {
    const held = await exchange.fetchBalance();
    assert.ok(Math.abs(held.USDT.used - 0.01 * price) < 1e-6);
  });
  await step('cancelOrder', async () => assert.equal((await exchange.cancelOrder(order.id, symbol)).id, order.id));
  await step('fetchOrder canceled', async () =>
    assert.equal((await exchange.fetchOrder(order.id, symbol)).status, 'canceled'));
  await step('cancelOrder again is refused', () => assert.rejects(exchange.cancelOrder(order.id, symbol), /-2011/));
  await step('post-only and immediate orders', async () => {
    await exchange.createOrder(symbol, 'limit', 'buy', 0.001, price, { postOnly: true });
    const taken = await exchange.createOrder(symbol, 'limit', 'buy', 0.001, price, { timeInForce: 'IOC' });
    assert.equal((await exchange.fetchOrder(taken.id, symbol)).status, 'canceled');
  });
  await step('cancelAllOrders', async () => {
    await exchange.cancelAllOrders(symbol);
    assert.equal((await exchange.fetchOpenOrders(symbol)).length, 0);
  });

  const market = await step('createOrder market', () => exchange.createOrder(symbol, 'market', 'sell', 0.002));
  await step('createMarketBuyOrderWithCost', () => exchange.createMarketBuyOrderWithCost(symbol, 50));
  await step('fetchOrder closed', async () => {
    const closed = await exchange.fetchOrder(market.id, symbol);
    assert.equal(closed.status, 'closed');
    assert.equal(closed.filled, 0.002);
  });
  await step('fetchMyTrades', async () => {
    const trades = (await exchange.fetchMyTrades(symbol)).filter((fill) => fill.order === market.id);
    assert.ok(Math.abs(trades.reduce((sum, fill) => sum + fill.amount, 0) - 0.002) < 1e-9);
    assert.equal(trades[0].fee.currency, 'USDT');
  });
  await step('fetchOrderTrades', async () => assert.ok((await exchange.fetchOrderTrades(market.id, symbol)).length > 0));
  await step('fetchOrders', async () =>
    assert.ok((await exchange.fetchOrders(symbol)).some((closed) => closed.id === market.id)));
  await step('fetchBalance after trading', async () => {
    const after = await exchange.fetchBalance();
    assert.notEqual(after.BTC.total, before.BTC.total);
    assert.equal(after.USDT.used, 0);
  });
}

async function opened() {
  const exchange = client(ccxt.pro.mexc);
  await exchange.loadHttpProxyAgent();  // ccxt asks for it on every plain ws:// address
  await exchange.loadMarkets();
  return exchange;
}

async function listen() {
  // ccxt drops a delta whose first version is older than its snapshot, although later versions of the same delta are newer: a level
  // may be left standing for good. A subscription of its own has a snapshot of its own; every one crossed would be our fault.
  const subscriptions = 4;
  let exchange = await opened();
  for (let i = 1; i <= subscriptions; ++i) {
    const book = await step('watchOrderBook', async () => {
      let last;
      for (let pushes = 0; pushes <= 20; ++pushes) last = await exchange.watchOrderBook(symbol);
      return last;
    });
    if (book.bids[0][0] < book.asks[0][0]) break;
    assert.ok(i < subscriptions, 'each book that was built from deltas is crossed');
    await exchange.close();
    exchange = await opened();
  }
  await step('watchTrades', async () => assert.ok((await exchange.watchTrades(symbol))[0].price > 0));
  await step('watchTicker', async () => assert.ok((await exchange.watchTicker(symbol)).bid > 0));
  await step('watchOHLCV', async () => assert.equal((await exchange.watchOHLCV(symbol, '1m'))[0].length, 6));
  const price = Math.round((await exchange.fetchTicker(symbol)).bid * 0.97 * 100) / 100;
  await step('watchOrders', async () => {
    const watched = exchange.watchOrders(symbol);
    let order;
    const again = setInterval(async () => {  // until the subscription stands
      order = await exchange.createOrder(symbol, 'limit', 'buy', 0.01, price);
    }, 300);
    const orders = await watched;
    clearInterval(again);
    assert.ok(order && orders[0].status === 'open' && orders[0].price === price);
  });
  await step('watchMyTrades', async () => {
    const watched = exchange.watchMyTrades(symbol);
    const again = setInterval(() => exchange.createOrder(symbol, 'market', 'sell', 0.001), 300);
    const trades = await watched;
    clearInterval(again);
    assert.equal(trades[0].side, 'sell');
  });
  await step('watchBalance', async () => {
    const watched = exchange.watchBalance();
    const again = setInterval(() => exchange.createOrder(symbol, 'market', 'sell', 0.001), 300);
    const balance = await watched;
    clearInterval(again);
    assert.ok(balance.BTC || balance.USDT);
  });
  await exchange.cancelAllOrders(symbol);
  await exchange.close();
}

const plain = client(ccxt.mexc);
await trade(plain);
await listen();
console.log(`compat: ccxt ${ccxt.version} trades on levi-exchange`);
process.exit(0);
