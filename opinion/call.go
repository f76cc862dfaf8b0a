package opinion

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxAnswerBytes  = 256 << 10 // of the body of an answer
	maxAnswerTokens = 400       // a quote of thirty words, in scripts that take many tokens
)

// A completionRequest is the body of a call, as far as every endpoint of this
// make understands it.
type completionRequest struct {
	Model          string         `json:"model"`
	Messages       []message      `json:"messages"`
	Temperature    int            `json:"temperature"`
	MaxTokens      int            `json:"max_tokens"`
	ResponseFormat responseFormat `json:"response_format"`
}

type responseFormat struct {
	Type string `json:"type"`
}

// A completion is what we read of an answer.
type completion struct {
	Choices []struct {
		FinishReason string `json:"finish_reason"`
		Message      struct {
			Content string `json:"content"`
			Refusal string `json:"refusal"`
		} `json:"message"`
	} `json:"choices"`
}

// A statusError is an answer with another status than 200. Its body is not
// read: endpoints repeat the key in it.
type statusError struct {
	status     int
	retryAfter time.Duration
}

func (e *statusError) Error() string {
	return fmt.Sprintf("endpoint answered %d %s", e.status, http.StatusText(e.status))
}

// An unusableError is an answer that is complete, but without an opinion.
type unusableError struct{ reason string }

func (e *unusableError) Error() string { return e.reason }

// unredirected is a client that goes to one address and no other: a redirect
// would take the passage, and perhaps the key, to where the operator did not
// send it.
func unredirected(c *http.Client) *http.Client {
	own := http.Client{}
	if c != nil {
		own = *c
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &own
}

// complete makes one call and gives what the model said. An *unusableError
// means that the endpoint is well but the model said nothing of use; any other
// error is a failure of the endpoint.
func (a *Advisor) complete(ctx context.Context, key string, q Question) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, a.o.Timeout)
	defer cancel()
	body, err := json.Marshal(completionRequest{
		Model:          a.o.Model,
		Messages:       q.messages(key),
		MaxTokens:      maxAnswerTokens,
		ResponseFormat: responseFormat{"json_object"},
	})
	if err != nil {
		return "", fmt.Errorf("write call: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.endpoint, bytes.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("write call: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	if a.o.Key != "" {
		req.Header.Set("Authorization", "Bearer "+a.o.Key)
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask endpoint: %s", a.keyless(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", &statusError{resp.StatusCode, retryAfter(resp.Header.Get("Retry-After"), a.o.Now())}
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerBytes+1))
	if err != nil {
		return "", fmt.Errorf("read answer: %s", a.keyless(err))
	}
	return contentOf(raw)
}

// keyless is the text of an error without the key: net/http quotes what it
// cannot parse, and an endpoint may send anything.
func (a *Advisor) keyless(err error) string {
	if a.o.Key == "" {
		return err.Error()
	}
	return strings.ReplaceAll(err.Error(), a.o.Key, "(key)")
}

// contentOf is what the model said, given the body of an answer.
func contentOf(raw []byte) (string, error) {
	if len(raw) > maxAnswerBytes {
		return "", fmt.Errorf("read answer: it is longer than %d bytes", maxAnswerBytes)
	}
	var c completion
	if json.Unmarshal(raw, &c) != nil || len(c.Choices) == 0 {
		return "", errors.New("read answer: it is not a chat completion")
	}
	said := c.Choices[0]
	switch {
	case said.FinishReason == "length":
		return "", &unusableError{"answer was cut off at the limit of tokens"}
	case said.Message.Refusal != "" || said.FinishReason == "content_filter":
		return "", &unusableError{"model refused to answer"}
	case said.Message.Content == "":
		return "", errors.New("read answer: it is empty")
	}
	return said.Message.Content, nil
}

// retryAfter reads the header of that name (RFC 9110, 10.2.3): seconds or a
// date. Zero means that it is absent or makes no sense.
func retryAfter(header string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if t, err := http.ParseTime(header); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}
