// Centrifuge as it comes, fed with the seat changes that Redis publishes: each merged and encoded as Onsale does, and
// published once to everybody. Prints its port as soon as it listens.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/redis/rueidis"
)

const seats = "seats"

// What Redis sends together is told together.
const together = 2 * time.Millisecond

func main() {
	node, err := centrifuge.New(centrifuge.Config{LogLevel: centrifuge.LogLevelError})
	must(err)
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{UserID: "fan"},
			Subscriptions: map[string]centrifuge.SubscribeOptions{seats: {}},
		}, nil
	})
	must(node.Run())
	changes := make(chan string, 10_000)
	go publish(node, changes)
	go listen(changes)
	http.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	must(http.Serve(listener, nil))
}

func listen(changes chan<- string) {
	options, err := rueidis.ParseURL(os.Getenv("REDIS_URL"))
	must(err)
	client, err := rueidis.NewClient(options)
	must(err)
	subscribe := client.B().Subscribe().Channel(os.Getenv("CHANNEL")).Build()
	must(client.Receive(context.Background(), subscribe, func(message rueidis.PubSubMessage) {
		changes <- message.Message
	}))
}

func publish(node *centrifuge.Node, changes <-chan string) {
	for text := range changes {
		pending := []change{parsed(text)}
		tick := time.After(together)
		for waiting := true; waiting; {
			select {
			case text := <-changes:
				pending = append(pending, parsed(text))
			case <-tick:
				waiting = false
			}
		}
		_, err := node.Publish(seats, frameOf(pending))
		must(err)
	}
}

func parsed(text string) (one change) {
	must(json.Unmarshal([]byte(text), &one))
	return one
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
