package process

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// defaultAccount is where the queues of callers live who named no account.
const defaultAccount = "default"

// credential is one caller.
type credential struct{ id, key, account string }

var (
	idPattern      = regexp.MustCompile(`^[^\s:,]+$`)
	accountPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
)

// readCredentials gathers those of the list and of the file. Errors tell the
// Place and never the text, which is secret.
func (c *Config) readCredentials() ([]credential, error) {
	var all []credential
	if err := addCredentials(&all, "JETCMQ_CREDENTIALS: entry", strings.Split(c.Credentials, ",")); err != nil {
		return nil, err
	}
	if c.CredentialsFile != "" {
		text, err := os.ReadFile(c.CredentialsFile)
		if err != nil {
			return nil, fmt.Errorf("JETCMQ_CREDENTIALS_FILE: %w", err)
		}
		if err := addCredentials(&all, "JETCMQ_CREDENTIALS_FILE: line", strings.Split(string(text), "\n")); err != nil {
			return nil, err
		}
		if len(all) == 0 {
			return nil, errors.New("JETCMQ_CREDENTIALS_FILE holds no credentials: add some, or unset it")
		}
	}
	return all, nil
}

func addCredentials(all *[]credential, place string, entries []string) error {
	for i, entry := range entries {
		entry = strings.TrimSpace(entry)
		if entry == "" || strings.HasPrefix(entry, "#") {
			continue
		}
		one, err := parseCredential(entry)
		if err != nil {
			return fmt.Errorf("%s %d %w", place, i+1, err)
		}
		if slices.ContainsFunc(*all, func(c credential) bool { return c.id == one.id }) {
			return fmt.Errorf("%s %d repeats a secretId that was given before", place, i+1)
		}
		*all = append(*all, one)
	}
	return nil
}

func parseCredential(entry string) (credential, error) {
	parts := strings.Split(entry, ":")
	if len(parts) == 2 {
		parts = append(parts, defaultAccount)
	}
	if len(parts) != 3 || !idPattern.MatchString(parts[0]) || !idPattern.MatchString(parts[1]) {
		return credential{}, errors.New("is not secretId:secretKey or secretId:secretKey:account")
	}
	if !accountPattern.MatchString(parts[2]) {
		return credential{}, errors.New("has an account that is not 1 to 64 letters, digits, - and _")
	}
	return credential{parts[0], parts[1], parts[2]}, nil
}

// accounts are the names of all accounts, in the order they are first named.
// Without credentials there is one for everybody.
func (c *Config) accounts() []string {
	if len(c.credentials) == 0 {
		return []string{defaultAccount}
	}
	var names []string
	for _, one := range c.credentials {
		if !slices.Contains(names, one.account) {
			names = append(names, one.account)
		}
	}
	return names
}
