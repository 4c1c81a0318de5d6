// Package adapter turns HTTP requests into actions, and what comes of them
// into the answers that CMQ's clients understand.
package adapter

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/jetcmq/jetcmq/adapter/action"
	"github.com/jetcmq/jetcmq/mapping"
	"github.com/jetcmq/jetcmq/mapping/account"
)

// Key is what a SecretId stands for: the secret that signs its requests, and
// the account that they reach.
type Key struct {
	Secret  string
	Account *account.Account
}

// Config says whom an Adapter serves and what it puts up with. The zero value
// of every field but Account (or Keys) is a good one.
type Config struct {
	Account *account.Account // serves everybody while Keys is nil
	Keys    map[string]Key   // by SecretId; nil means that nobody has to sign

	Hosts          []string      // host names clients may have signed besides the one they sent
	TrustForwarded bool          // X-Forwarded-Host is such a name; only behind a proxy that sets it
	Skew           time.Duration // how far a time stamp may be off; 0 means any distance in API 2.0, 5 minutes in API 3.0
	MaxBody        int64         // bytes of a request's body; 0 means 4 MiB
	MaxCalls       int           // requests served at a time, waiting ones included; 0 means 10,000

	Log *slog.Logger // nil means slog.Default()
}

const (
	defaultMaxBody  = 4 << 20 // a message of 1 MiB triples when every byte of it is escaped
	defaultMaxCalls = 10_000
)

// Adapter is the http.Handler that speaks CMQ on every path.
type Adapter struct {
	config  Config
	engine  *gin.Engine
	signers map[string]*signer
	lastID  atomic.Int64
	calls   atomic.Int64

	// action.Find and Action.Call; tests of the wire alone set their own.
	find func(action.API, string) *action.Action
	call func(*action.Action, context.Context, *account.Account, action.Params) (action.Answer, error)
	now  func() time.Time
}

// New makes an Adapter. It starts nothing.
func New(c Config) *Adapter {
	if c.MaxBody == 0 {
		c.MaxBody = defaultMaxBody
	}
	if c.MaxCalls == 0 {
		c.MaxCalls = defaultMaxCalls
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	gin.SetMode(gin.ReleaseMode) // its other modes print to standard output
	a := &Adapter{config: c, engine: gin.New(), find: action.Find, call: (*action.Action).Call, now: time.Now}
	// No routes: what is asked for stands in the parameters, and paths such as
	// //v2/index.php must not be redirected, or body and signature are lost.
	a.engine.NoRoute(func(c *gin.Context) { a.serve(c.Writer, c.Request) })
	if c.Keys != nil {
		a.signers = make(map[string]*signer, len(c.Keys))
		for id, key := range c.Keys {
			a.signers[id] = newSigner(key)
		}
	}
	a.lastID.Store(time.Now().UnixNano()) // so that ids of different runs differ
	return a
}

// ServeHTTP answers one request.
func (a *Adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.engine.ServeHTTP(w, r) }

// dialect is the way one generation of the API is written. All else about a
// request is the same for all of them.
type dialect interface {
	newID() string
	// read takes the parameters out of the body; those of the query are there.
	read(q *request, body string) error
	// asked returns the action that the request asks for.
	asked(q *request) (action.API, *action.Action, error)
	// signer returns the one who signed the request.
	signer(q *request) (*signer, error)
	// envelope returns the whole answer, and its Content-Type. fields are the
	// action's own members, e the error that the answer reports, if any.
	envelope(q *request, e *mapping.Error, fields []byte) (body []byte, contentType []string)
}

func (a *Adapter) serve(w http.ResponseWriter, r *http.Request) {
	q := &request{Request: r}
	q.addForm(r.URL.RawQuery)
	q.speak(a.dialectOf(q))
	defer a.rescue(w, q)
	answer, err := a.run(q)
	a.reply(w, q, answer, err)
}

// run is the way of every request, and the order of its checks.
func (a *Adapter) run(q *request) (action.Answer, error) {
	defer a.calls.Add(-1)
	if a.calls.Add(1) > int64(a.config.MaxCalls) {
		return action.Answer{}, mapping.ErrThrottled
	}
	if err := a.read(q); err != nil {
		return action.Answer{}, err
	}
	api, act, err := q.dialect.asked(q)
	if err != nil {
		return action.Answer{}, err
	}
	q.action = act
	account, err := a.authenticate(q)
	if err != nil {
		return action.Answer{}, err
	}
	return a.call(act, q.Context(), account, action.Params{API: api, Pairs: q.pairs})
}

// authenticate returns the account whose key signed the request.
func (a *Adapter) authenticate(q *request) (*account.Account, error) {
	if a.signers == nil {
		return a.config.Account, nil
	}
	s, err := q.dialect.signer(q)
	if err != nil {
		return nil, err
	}
	return s.account, nil
}

// reply writes the answer, or tells the answer that nobody got it.
func (a *Adapter) reply(w http.ResponseWriter, q *request, answer action.Answer, err error) {
	gone := q.Context().Err() != nil
	if gone && answer.Undelivered != nil {
		answer.Undelivered()
		answer, err = action.Answer{}, mapping.ErrNoMessage // for one who only closed their half
	}
	var reply *mapping.Error
	if err != nil {
		reply = mapping.Reply(err)
		if told := new(mapping.Error); !errors.As(err, &told) && !gone {
			a.config.Log.Error("request failed", "requestId", q.id, "action", q.actionName(), "err", err)
		}
	}
	q.answered = true
	body, contentType := q.dialect.envelope(q, reply, answer.Fields)
	err = write(w, body, contentType, answer.Undelivered != nil)
	if err != nil && answer.Undelivered != nil {
		answer.Undelivered()
	}
}

// rescue answers for a request whose handling panicked.
func (a *Adapter) rescue(w http.ResponseWriter, q *request) {
	p := recover()
	if p == nil {
		return
	}
	a.config.Log.Error("request panicked", "requestId", q.id, "action", q.actionName(), "panic", p, "stack", string(debug.Stack()))
	if !q.answered {
		a.reply(w, q, action.Answer{}, mapping.ErrInternal)
	}
}

// NewServer makes a server for h whose limits suit CMQ's clients. What it has
// to complain of (broken TLS handshakes and the like) goes to log as debug lines.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:  h,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		// A message of 64 KiB, the classic limit, fits a GET's URL in any escaping.
		MaxHeaderBytes:    256 << 10,
		ReadHeaderTimeout: 15 * time.Second,
		// A minute for the body, and time for the longest poll on top: to one that
		// still waits, the end of ReadTimeout looks like a client that hung up.
		ReadTimeout:  time.Minute + mapping.MaxPolling,
		WriteTimeout: time.Minute + 2*mapping.MaxPolling,
		// The Python SDK reports an error, and does not try again, when it
		// sends on a kept connection that was closed while idle.
		IdleTimeout: 15 * time.Minute,
	}
}
