package embedded

import (
	"crypto/rand"
	"fmt"
	"net"
	"regexp"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// Account is a world of its own: its streams, consumers and subjects are
// invisible to all other accounts.
type Account struct {
	Name  string // letters, digits, - and _, at most 64; the name of its directory
	Users []User // who may enter it by TCP
}

// User is a NATS client's name and password. A name belongs to one account.
type User struct{ Name, Password string }

// Door lets this process into one account without a network. It is what
// nats.InProcessServer of the NATS client wants.
type Door struct {
	User, Password string
	server         *Server
}

// InProcessConn makes a new connection, on which the client has to log in with
// User and Password.
func (d Door) InProcessConn() (net.Conn, error) { return d.server.nats.InProcessConn() }

// InProcess returns the door to an account.
func (s *Server) InProcess(account string) (Door, error) {
	d, ok := s.doors[account]
	if !ok {
		return Door{}, fmt.Errorf("the NATS server has no account %q", account)
	}
	return d, nil
}

var accountName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// addAccounts puts the accounts and their users, the doors' among them, into o.
func (s *Server) addAccounts(o *server.Options, accounts []Account, open bool) error {
	if len(accounts) == 0 {
		accounts, open = []Account{{Name: "default"}}, true
	}
	if err := declare(o, accounts); err != nil {
		return err
	}
	byName := map[string]*server.Account{}
	for _, a := range o.Accounts {
		byName[a.Name] = a
	}
	taken := map[string]bool{}
	for _, a := range accounts {
		door := Door{User: "jetcmq-" + rand.Text(), Password: rand.Text(), server: s}
		s.doors[a.Name] = door
		for _, u := range append(a.Users, User{door.User, door.Password}) {
			if u.Name == "" || taken[u.Name] {
				return fmt.Errorf("the NATS user name %q is empty or used twice", u.Name)
			}
			taken[u.Name] = true
			o.Users = append(o.Users, &server.User{Username: u.Name, Password: u.Password, Account: byName[a.Name]})
		}
	}
	if open {
		o.NoAuthUser = s.doors[accounts[0].Name].User
	}
	return nil
}

// declare makes the accounts known by way of the configuration language: in no
// other way has an account JetStream from the start. An account that gets it
// later misses requests of clients that were quicker.
func declare(o *server.Options, accounts []Account) error {
	var text strings.Builder
	seen := map[string]bool{}
	text.WriteString("accounts {\n")
	for _, a := range accounts {
		if !accountName.MatchString(a.Name) || seen[a.Name] {
			return fmt.Errorf("the account name %q is used twice, or not 1 to 64 letters, digits, - and _", a.Name)
		}
		seen[a.Name] = true
		fmt.Fprintf(&text, "  %q { jetstream: enabled }\n", a.Name)
	}
	text.WriteString("}\n")
	if err := o.ProcessConfigString(text.String()); err != nil {
		return fmt.Errorf("declare the accounts: %w", err)
	}
	return nil
}
