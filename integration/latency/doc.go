// Command latency measures what a consumer notices, with one small client of its own for both kinds of server:
//
//   - the time from a send's first byte to the message's last byte at a consumer that holds long polls: 1 KiB bodies at a fixed rate
//     (-rate 1000/s) on four queues, Java 5.5.0 and ours in turns, medians of the rounds;
//
//   - the time from a member's join or leave to the notice (code 40) at another member of its group;
//
//   - what 20,000 held pulls on idle queues cost the broker: CPU share, memory, and how many of them one message wakes.
//
//     GOROCKET_BIN=../bin go run ./latency [-rounds 3] [-only gorocket]
//
// It prints Markdown. A busy machine shows in both columns: the ratio is the result.
package main
